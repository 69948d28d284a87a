package call

import "testing"

func TestMasked(t *testing.T) {
	for number, want := range map[string]string{
		"13800000001": "138******01", "+8613800000001": "+86*********01", "110": "110", "95011": "95011", "": "",
		"1234567": "123**67", "一二三四五六七": "一二三**六七",
	} {
		if got := Masked(number); got != want {
			t.Errorf("%s is masked as %s, want %s", number, got, want)
		}
	}
}
