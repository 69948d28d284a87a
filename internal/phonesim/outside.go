package phonesim

import "errors"

// OutsideOptions describes a telephone at the far side of the trunk: a number that the
// switch may dial.
type OutsideOptions struct {
	// Number is what the switch dials.
	Number string
	// Lines is how many calls the telephone takes at a time; further ones get
	// 486. 1 when 0.
	Lines int
	// Behave decides what to do with an offer, as in AgentOptions.
	Behave func(Offer) Action
}

// Outside is a telephone at the far side of the trunk. The switch calls it at the
// callers' address. It lives until Sim.Close.
type Outside struct {
	phone *Agent
}

// NewOutside makes a telephone at the far side of the trunk. Calls to numbers that have
// none are answered with 404.
func (s *Sim) NewOutside(opts OutsideOptions) (*Outside, error) {
	if opts.Number == "" {
		return nil, errors.New("outside telephone: number must not be empty")
	}
	phone, err := s.newPhone(RoleOutside, AgentOptions{User: opts.Number, Lines: opts.Lines, Behave: opts.Behave})
	if err != nil {
		return nil, err
	}
	return &Outside{phone: phone}, nil
}

// Number is what the switch dials.
func (o *Outside) Number() string { return o.phone.User() }

// Calls are the calls that ring or talk at the telephone now, in order of their INVITE.
func (o *Outside) Calls() []*Leg { return o.phone.Calls() }

// Hangup hangs up, or declines, every call of the telephone.
func (o *Outside) Hangup() { o.phone.Hangup() }
