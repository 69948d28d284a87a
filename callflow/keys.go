package callflow

import "context"

// keyPressed brings a key to whoever waits for it; any other is ignored.
func (f *flow) keyPressed(ctx context.Context, s KeyPressed) {
	if s.Leg == f.a.Leg && f.onKey != nil {
		f.onKey(ctx, s.Key)
	}
}
