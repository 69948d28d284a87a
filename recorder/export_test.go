package recorder

import "hotline/recorder/store"

// SetFree replaces the measuring of space.
func (r *Recorder) SetFree(free func(path string) (store.Space, error)) { r.free = free }
