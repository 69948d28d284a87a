package web

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"

	"hotline/call"
)

func (s *Server) registerHooks() {
	one := HookState{
		ID: "QFZ3", Hook: Hook{URL: "http://127.0.0.1:9080/hotline", Kinds: []call.Kind{call.Ended}}, At: 4711,
	}
	gone := map[int]any{http.StatusNotFound: nil}
	edit := map[int]any{
		http.StatusNotFound: nil, http.StatusPreconditionFailed: nil, http.StatusPreconditionRequired: nil,
	}
	const path, id = "/api/v1/hooks", "/api/v1/hooks/{hook}"
	add(s, operation{
		id: "listHooks", method: http.MethodGet, path: path, tag: hookTag, right: HookManage,
		summary: "Subscriptions of other programs", chinese: "事件推送列表", answer: hooksAnswer{[]HookState{one}},
	}, s.listHooks)
	add(s, operation{
		id: "createHook", method: http.MethodPost, path: path, tag: hookTag, right: HookManage,
		status: http.StatusCreated, summary: "Subscribe a program to events", chinese: "新增事件推送",
		about:   "The answer holds the key of the signature; it is never told again. Events from now on are sent.",
		request: one.Hook, answer: newHookAnswer{HookState: one, Secret: "5ZJ7"},
	}, s.createHook)
	add(s, operation{
		id: "getHook", method: http.MethodGet, path: id, tag: hookTag, right: HookManage, errors: gone,
		summary: "One subscription", chinese: "事件推送详情", answer: one,
	}, s.getHook)
	add(s, operation{
		id: "updateHook", method: http.MethodPut, path: id, tag: hookTag, right: HookManage, errors: edit,
		summary: "Change a subscription", chinese: "修改事件推送", request: one.Hook, answer: one,
		about: "If-Match must hold the ETag of the version that was read, so that nobody's change is overwritten unseen.",
	}, s.updateHook)
	add(s, operation{
		id: "deleteHook", method: http.MethodDelete, path: id, tag: hookTag, right: HookManage, errors: edit,
		summary: "End a subscription", chinese: "删除事件推送",
	}, s.deleteHook)
	add(s, operation{
		id: "listDeadLetters", method: http.MethodGet, path: id + "/dead", tag: hookTag, right: HookManage, errors: gone,
		summary: "Events that could not be sent", chinese: "推送失败列表",
		answer: lettersAnswer{[]DeadLetter{{Seq: 4711, At: exampleTime(), Fault: "status 500"}}},
	}, s.listLetters)
	add(s, operation{
		id: "resendDeadLetter", method: http.MethodPost, path: id + "/dead/{seq}", tag: hookTag, right: HookManage,
		summary: "Send such an event again, now and once", chinese: "重新推送", request: struct{}{},
		about: "409 when it is not taken again; then it stays on the list.", errors: gone,
	}, s.resend)
}

// HookPath names a subscription. The library sees exported types alone.
type HookPath struct {
	Hook string `path:"hook" maxLength:"64" doc:"Id of the subscription. 推送标识" example:"QFZ3"`
}

type hooksAnswer struct {
	Hooks []HookState `json:"hooks"`
}

type hooksOutput struct{ Body hooksAnswer }

func (s *Server) listHooks(context.Context, *struct{}) (*hooksOutput, error) {
	out := hooksOutput{hooksAnswer{Hooks: []HookState{}}}
	all, _ := s.hooks.all()
	for _, k := range all {
		out.Body.Hooks = append(out.Body.Hooks, k.state())
	}
	return &out, nil
}

type createHookInput struct {
	CommandKey
	Body Hook
}

type newHookAnswer struct {
	HookState
	Secret string `json:"secret" doc:"Key of the signature. 签名密钥"`
}

type createHookOutput struct {
	ETag string `header:"ETag"`
	Body newHookAnswer
}

func (s *Server) createHook(ctx context.Context, in *createHookInput) (*createHookOutput, error) {
	if err := in.Body.check(); err != nil {
		return nil, err
	}
	last, err := s.o.Feed.LastSeq(ctx)
	if err != nil {
		return nil, err
	}
	k := &kept{ID: rand.Text()[:12], Version: 1, Secret: rand.Text(), Hook: in.Body, At: last}
	out := createHookOutput{k.etag(), newHookAnswer{k.state(), k.Secret}} // from change on the courier writes to k
	err = s.hooks.change(ctx, func() error {
		if len(s.hooks.of) >= maxHooks {
			return Problem{Status: http.StatusConflict, Detail: fmt.Sprintf("there are %d subscriptions already", maxHooks)}
		}
		s.hooks.of[k.ID] = k
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &out, nil
}

type hookOutput struct {
	ETag string `header:"ETag"`
	Body HookState
}

// noHook is the refusal of an id that is none.
func noHook() Problem {
	return Problem{Status: http.StatusNotFound, Field: "hook", Detail: "there is no such subscription"}
}

func (s *Server) getHook(_ context.Context, in *HookPath) (*hookOutput, error) {
	k, ok := s.hooks.get(in.Hook)
	if !ok {
		return nil, noHook()
	}
	return &hookOutput{k.etag(), k.state()}, nil
}

type updateHookInput struct {
	HookPath
	KnownVersion
	CommandKey
	Body Hook
}

func (s *Server) updateHook(ctx context.Context, in *updateHookInput) (*hookOutput, error) {
	if err := in.Body.check(); err != nil {
		return nil, err
	}
	err := s.hooks.change(ctx, func() error {
		k, err := s.hooks.matched(in.Hook, in.KnownVersion)
		if err != nil {
			return err
		}
		k.Hook = in.Body
		k.Version++
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s.getHook(ctx, &in.HookPath)
}

// matched is the subscription of which somebody knows the present version; mu is held.
func (h *hooks) matched(id string, known KnownVersion) (*kept, error) {
	k, ok := h.of[id]
	if !ok {
		return nil, noHook()
	}
	return k, known.is(k.etag())
}

type deleteHookInput struct {
	HookPath
	KnownVersion
	CommandKey
}

func (s *Server) deleteHook(ctx context.Context, in *deleteHookInput) (*none, error) {
	return nil, s.hooks.change(ctx, func() error {
		if _, err := s.hooks.matched(in.Hook, in.KnownVersion); err != nil {
			return err
		}
		delete(s.hooks.of, in.Hook)
		return nil
	})
}

type lettersAnswer struct {
	Letters []DeadLetter `json:"letters"`
}

type lettersOutput struct{ Body lettersAnswer }

func (s *Server) listLetters(_ context.Context, in *HookPath) (*lettersOutput, error) {
	k, ok := s.hooks.get(in.Hook)
	if !ok {
		return nil, noHook()
	}
	return &lettersOutput{lettersAnswer{append([]DeadLetter{}, k.Letters...)}}, nil
}

type resendInput struct {
	HookPath
	CommandKey
	Seq  uint64 `path:"seq" minimum:"1" doc:"Number of the event. 事件编号" example:"4711"`
	Body struct{}
}

// resend tries a dead letter once more.
func (s *Server) resend(ctx context.Context, in *resendInput) (*none, error) {
	k, ok := s.hooks.get(in.Hook)
	if !ok {
		return nil, noHook()
	}
	dead := func(l DeadLetter) bool { return l.Seq == in.Seq }
	if !slices.ContainsFunc(k.Letters, dead) {
		return nil, Problem{Status: http.StatusNotFound, Field: "seq", Detail: "there is no such dead letter"}
	}
	events, err := s.o.Feed.After(ctx, in.Seq-1, 1)
	if err != nil {
		return nil, err
	}
	if len(events) == 0 || events[0].Seq != in.Seq {
		return nil, Problem{Status: http.StatusNotFound, Field: "seq", Detail: "the ledger does not hold this event any more"}
	}
	if err := s.courier.deliver(ctx, k, events[0]); err != nil {
		return nil, Problem{Status: http.StatusConflict, Detail: "not taken: " + err.Error()}
	}
	return nil, s.hooks.change(ctx, func() error {
		if now := s.hooks.of[in.Hook]; now != nil {
			now.Letters = slices.DeleteFunc(now.Letters, dead)
		}
		return nil
	})
}
