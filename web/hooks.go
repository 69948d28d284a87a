package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"hotline/call"
)

// HookStore keeps the subscriptions of other programs over a restart.
type HookStore interface {
	// LoadHooks returns what SaveHooks was given last, nil when there was nothing yet.
	LoadHooks(ctx context.Context) ([]byte, error)
	SaveHooks(ctx context.Context, state []byte) error
}

// Hook is a subscription: events of the ledger are sent to a URL.
type Hook struct {
	URL     string      `json:"url" maxLength:"512" doc:"https, or http to this machine. 推送地址"`
	Kinds   []call.Kind `json:"kinds,omitempty" maxItems:"64" maxLength:"32" doc:"Kinds of events; all when empty. 事件类型"`
	Paused  bool        `json:"paused,omitempty" doc:"Nothing is sent; what happens meanwhile is sent afterwards. 暂停"`
	Numbers bool        `json:"numbers,omitempty" doc:"Send callers' numbers in full; else they are masked. 完整号码"`
}

// HookState is a subscription with what became of it.
type HookState struct {
	ID string `json:"id"`
	Hook
	At     uint64 `json:"at" doc:"Number of the last event that was dealt with. 进度"`
	Dead   int    `json:"dead" doc:"Events that could not be sent and are kept. 失败数"`
	Failed int    `json:"failed,omitempty" doc:"Tries in a row that failed. 连续失败"`
	Fault  string `json:"fault,omitempty" doc:"Why the last try failed. 失败原因"`
}

// DeadLetter is an event that could not be sent.
type DeadLetter struct {
	Seq   uint64    `json:"seq" doc:"Number of the event."`
	At    time.Time `json:"at" doc:"When it was given up."`
	Fault string    `json:"fault" doc:"Why the last try failed."`
}

// kept is a subscription as it is stored.
type kept struct {
	ID      string       `json:"id"`
	Version int          `json:"version"`
	Secret  string       `json:"secret"`
	Hook    Hook         `json:"hook"`
	At      uint64       `json:"at"`
	Letters []DeadLetter `json:"letters"`
	failed  int
	fault   string
}

const (
	maxHooks   = 50
	maxLetters = 1000 // of one subscription; the oldest go first
)

// hooks are the subscriptions.
type hooks struct {
	store HookStore

	mu      sync.Mutex
	of      map[string]*kept
	changed chan struct{} // closed and replaced with each change of a subscription
}

func newHooks(ctx context.Context, store HookStore) (*hooks, error) {
	h := &hooks{store: store, of: map[string]*kept{}, changed: make(chan struct{})}
	raw, err := store.LoadHooks(ctx)
	if err != nil {
		return nil, fmt.Errorf("subscriptions: %w", err)
	}
	if raw == nil {
		return h, nil
	}
	var list []*kept
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, fmt.Errorf("subscriptions: %w", err)
	}
	for _, k := range list {
		h.of[k.ID] = k
	}
	return h, nil
}

// change carries out a change and stores it; when it cannot be stored it did not happen.
func (h *hooks) change(ctx context.Context, do func() error) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	before := map[string]*kept{}
	for id, k := range h.of {
		c := k.copied()
		before[id] = &c
	}
	err := do()
	if err == nil {
		err = h.save(ctx)
	}
	if err != nil {
		h.of = before
		return err
	}
	close(h.changed)
	h.changed = make(chan struct{})
	return nil
}

// save stores all; mu is held.
func (h *hooks) save(ctx context.Context) error {
	raw, err := json.Marshal(h.list()) //nolint:gosec // the store is where the secrets are kept
	if err != nil {
		return err
	}
	return h.store.SaveHooks(ctx, raw)
}

// list is all subscriptions by id; mu is held.
func (h *hooks) list() []*kept {
	out := make([]*kept, 0, len(h.of))
	for _, k := range h.of {
		out = append(out, k)
	}
	slices.SortFunc(out, func(a, b *kept) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// get returns a copy of one subscription.
func (h *hooks) get(id string) (kept, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	k, ok := h.of[id]
	if !ok {
		return kept{}, false
	}
	return k.copied(), true
}

// all returns copies of all subscriptions and a channel that is closed with the next change.
func (h *hooks) all() ([]kept, <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := make([]kept, 0, len(h.of))
	for _, k := range h.list() {
		out = append(out, k.copied())
	}
	return out, h.changed
}

// same tells whether a subscription is still as it was.
func (h *hooks) same(k kept) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now(k) != nil
}

// now is a subscription as it is kept, nil when it was changed or ended; mu is held.
func (h *hooks) now(k kept) *kept {
	if now := h.of[k.ID]; now != nil && now.Version == k.Version {
		return now
	}
	return nil
}

// progress notes how far a subscription is and tells whether it is still the same. What is
// not stored when the program is killed is sent again; an error means that it is not stored
// now and will be with what is stored next.
func (h *hooks) progress(ctx context.Context, k kept, letter *DeadLetter, store bool) (same bool, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.now(k)
	if now == nil {
		return false, nil
	}
	now.At, now.failed, now.fault = k.At, k.failed, k.fault
	if letter != nil {
		now.Letters = append(now.Letters, *letter)
		if over := len(now.Letters) - maxLetters; over > 0 {
			now.Letters = slices.Delete(now.Letters, 0, over)
		}
	}
	if store || letter != nil {
		err = h.save(ctx)
	}
	return true, err
}

func (k *kept) copied() kept {
	c := *k
	c.Letters = slices.Clone(k.Letters)
	return c
}

func (k *kept) state() HookState {
	return HookState{ID: k.ID, Hook: k.Hook, At: k.At, Dead: len(k.Letters), Fault: k.fault, Failed: k.failed}
}

// etag names the version of the settings, not of the progress.
func (k *kept) etag() string { return strconv.Quote("v" + strconv.Itoa(k.Version)) }

func (k *kept) wants(e call.Event) bool {
	return len(k.Hook.Kinds) == 0 || slices.Contains(k.Hook.Kinds, e.Kind)
}

// check holds what no schema says.
func (h Hook) check() error {
	u, err := url.Parse(h.URL)
	switch {
	case err != nil || u.Hostname() == "" || u.User != nil || u.Fragment != "":
		return BadField("url", "must be a whole URL without a user or a fragment")
	case u.Scheme == "https", u.Scheme == "http" && loopback(u.Hostname()):
		return nil
	}
	return BadField("url", "must begin with https, or lead to this machine")
}

func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}
