package callflow

import (
	"fmt"
	"strings"

	"hotline/call"
)

// Every id that we give to a channel, a bridge or an offer begins with the call it belongs
// to, so that whatever is found in the switch tells whose it is:
//
//	CALL-a2     the call's second offer and the leg of that agent
//	CALL-c1     its first consultation
//	CALL-c1-a1  the first offer of that consultation
//	CALL-o1     its first leg to an outside number

// CallOf splits an id into the call and the rest, which is "" for the call itself.
func CallOf(id string) (owner call.ID, part string) {
	end := len(id)
	for {
		i := strings.LastIndexByte(id[:end], '-')
		if i <= 0 || !isPart(id[i+1:end]) {
			return call.ID(id[:end]), id[end:]
		}
		end = i
	}
}

// isPart tells whether a piece of an id is one of ours: a letter and a number.
func isPart(s string) bool {
	return len(s) > 1 && strings.ContainsRune("aco", rune(s[0])) && strings.Trim(s[1:], "0123456789") == ""
}

// consultID names a consultation of the call in the engine.
func (f *flow) consultID() call.ID {
	f.consults++
	return call.ID(fmt.Sprintf("%s-c%d", f.a.Call, f.consults))
}

// outsideID names a leg to an outside number.
func (f *flow) outsideID() call.LegID {
	f.outsides++
	return call.LegID(fmt.Sprintf("%s-o%d", f.a.Call, f.outsides))
}
