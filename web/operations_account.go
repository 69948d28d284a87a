package web

import (
	"context"
	"net/http"

	"hotline/people"
)

func (s *Server) registerAccount() {
	me := Me{
		ID: "0f3a", Name: "wangfang", Roles: []people.Role{people.Senior}, Agent: exampleAgent, Team: "早班",
		Rights: map[Right]string{LiveRead: Team.String()},
	}
	s.registerSession(me)
	add(s, operation{
		id: "listSessions", method: http.MethodGet, path: "/api/v1/sessions", tag: accountTag, right: Self,
		summary: "Your sign-ins that are not over", chinese: "我的登录会话",
		answer: sessionsAnswer{[]OwnSession{{
			ID: "7c1e", Created: exampleTime(), Seen: exampleTime(), Expires: exampleTime(), Address: "192.0.2.7", Current: true,
		}}},
	}, s.listSessions)
	add(s, operation{
		id: "signOutEverywhere", method: http.MethodDelete, path: "/api/v1/sessions", tag: accountTag, right: Self,
		journaled: true, summary: "End every session of yours, this one too", chinese: "退出所有登录",
	}, s.signOutEverywhere)
	add(s, operation{
		id: "endSession", method: http.MethodDelete, path: "/api/v1/sessions/{session}", tag: accountTag, right: Self,
		journaled: true, summary: "End one session of yours", chinese: "退出某个登录",
		errors: map[int]any{http.StatusNotFound: nil},
	}, s.endSession)
	add(s, operation{
		id: "changePassword", method: http.MethodPost, path: "/api/v1/account/password", tag: accountTag, right: Self,
		journaled: true, summary: "Change your password", chinese: "修改密码",
		about:   "Every session of yours is over; the cookie of the answer is that of a new one.",
		request: passwordBody{Password: "kf7tm-x2vbn-9qwrp-hj4ys", New: "plum rain over the bridge"}, answer: me,
	}, s.changePassword)
	add(s, operation{
		id: "offerSecondFactor", method: http.MethodPost, path: "/api/v1/account/second-factor", tag: accountTag, right: Self,
		journaled: true, summary: "Ask for the secret of a second factor", chinese: "申请动态口令密钥",
		about: "A telephone makes six digits of it every 30 s (TOTP, RFC 6238). It counts when it is confirmed. " +
			"409 when there is one already: then an administrator has to reset it.",
		request: ownPasswordBody{Password: "plum rain over the bridge"},
		answer:  factorAnswer{Secret: "JBSWY3DPEHPK3PXP", URL: "otpauth://totp/hotline:wangfang?secret=JBSWY3DPEHPK3PXP"},
	}, s.offerFactor)
	add(s, operation{
		id: "confirmSecondFactor", method: http.MethodPost, path: "/api/v1/account/second-factor/confirm", tag: accountTag,
		right: Self, journaled: true, summary: "Show a code of the offered secret", chinese: "确认动态口令",
		about: "From now on each sign-in asks for a code. The recovery codes each replace one, once, and are never told " +
			"again. Every session of yours is over; the cookie of the answer is that of a new one.",
		request: codeBody{Code: "287082"}, answer: recoveryAnswer{Me: me, Codes: []string{"k7mfx-2vbn9"}},
	}, s.confirmFactor)
}

func (s *Server) registerSession(me Me) {
	const path = "/api/v1/session"
	add(s, operation{
		id: "signIn", method: http.MethodPost, path: path, tag: accountTag, right: Open, journaled: true,
		summary: "Sign in", chinese: "登录",
		about: "The answer sets the cookie of the session. 401 with the field code: name and password are right, come " +
			"again with a code of the second factor. After some wrong tries the next one has to wait (429).",
		request: signInBody{Name: "wangfang", Password: "plum rain over the bridge"}, answer: me,
		errors: map[int]any{http.StatusUnauthorized: nil, http.StatusServiceUnavailable: nil},
	}, s.signIn)
	add(s, operation{
		id: "getSession", method: http.MethodGet, path: path, tag: accountTag, right: Self,
		summary: "Who you are, and what you may do", chinese: "当前用户", answer: me,
	}, s.getSession)
	add(s, operation{
		id: "signOut", method: http.MethodDelete, path: path, tag: accountTag, right: Self, journaled: true,
		summary: "End this session", chinese: "退出登录",
	}, s.signOut)
}

type signInBody struct {
	Name     string `json:"name" maxLength:"128" doc:"Name of the user. 用户名"`
	Password string `json:"password" maxLength:"1024" doc:"Password. 密码"`
	Code     string `json:"code,omitempty" maxLength:"64" doc:"Code of the second factor, or a recovery code. 动态口令"`
}

type signInInput struct{ Body signInBody }

// meOutput tells somebody who he is, with the cookie of his new session.
type meOutput struct {
	SetCookie string `header:"Set-Cookie"`
	Body      Me
}

// begun is the answer that begins a session.
func begun(signed people.Signed) *meOutput {
	return &meOutput{people.Cookie(signed).String(), meOf(asker{Principal: signed.Principal})}
}

func (s *Server) signIn(ctx context.Context, in *signInInput) (*meOutput, error) {
	a := askerOf(ctx)
	signed, err := s.o.Accounts.SignIn(ctx, people.SignIn{
		Name: in.Body.Name, Password: in.Body.Password, Code: in.Body.Code, Address: a.from.Address, Client: a.from.Client,
	})
	if err != nil {
		return nil, saidOf(err)
	}
	if a.err == nil && a.Session != "" {
		// The browser forgets the old cookie: so does the store. A session that is over already is well.
		if err := s.o.Accounts.SignOut(ctx, a.Principal); err != nil {
			s.log.Warn("session before a sign-in is not ended", "session", a.Session, "error", err)
		}
	}
	return begun(signed), nil
}

type sessionOutput struct{ Body Me }

// commandOnly is a command that says all by its path.
type commandOnly struct{ CommandKey }

func (s *Server) getSession(ctx context.Context, _ *struct{}) (*sessionOutput, error) {
	return &sessionOutput{meOf(askerOf(ctx))}, nil
}

// goneOutput takes the cookie away.
type goneOutput struct {
	SetCookie string `header:"Set-Cookie"`
}

func (s *Server) signOut(ctx context.Context, _ *commandOnly) (*goneOutput, error) {
	p, err := person(ctx)
	if err == nil {
		err = saidOf(s.o.Accounts.SignOut(ctx, p))
	}
	if err != nil {
		return nil, err
	}
	return &goneOutput{people.NoCookie().String()}, nil
}

type sessionsAnswer struct {
	Sessions []OwnSession `json:"sessions"`
}

type sessionsOutput struct{ Body sessionsAnswer }

func (s *Server) listSessions(ctx context.Context, _ *struct{}) (*sessionsOutput, error) {
	out := sessionsOutput{sessionsAnswer{[]OwnSession{}}}
	p, err := person(ctx)
	if err != nil {
		return &out, nil //nolint:nilerr // a program has none
	}
	all, err := s.o.Accounts.Sessions(ctx, p.User)
	if err != nil {
		return nil, err
	}
	for _, one := range all {
		out.Body.Sessions = append(out.Body.Sessions, OwnSession{
			ID: one.ID, Created: one.Created, Seen: one.Seen, Expires: one.Expires, Address: one.Address, Client: one.Client,
			Current: one.ID == p.Session,
		})
	}
	return &out, nil
}

func (s *Server) signOutEverywhere(ctx context.Context, _ *commandOnly) (*goneOutput, error) {
	p, err := person(ctx)
	if err == nil {
		err = saidOf(s.o.Accounts.EndAll(ctx, p, p.User))
	}
	if err != nil {
		return nil, err
	}
	return &goneOutput{people.NoCookie().String()}, nil
}

type endSessionInput struct {
	CommandKey
	Session string `path:"session" maxLength:"64" doc:"Id of the session. 会话标识" example:"7c1e"`
}

func (s *Server) endSession(ctx context.Context, in *endSessionInput) (*none, error) {
	p, err := person(ctx)
	if err == nil {
		err = saidOf(s.o.Accounts.EndSession(ctx, p, p.User, in.Session))
	}
	return nil, err
}

type passwordBody struct {
	Password string `json:"password" maxLength:"1024" doc:"The one that you have. 原密码"`
	New      string `json:"new_password" maxLength:"1024" doc:"The one that you want: 8 to 256 characters. 新密码"`
}

type passwordInput struct{ Body passwordBody }

func (s *Server) changePassword(ctx context.Context, in *passwordInput) (*meOutput, error) {
	p, err := person(ctx)
	if err != nil {
		return nil, err
	}
	signed, err := s.o.Accounts.ChangePassword(ctx, p, in.Body.Password, in.Body.New)
	if err != nil {
		return nil, ownPassword(err)
	}
	return begun(signed), nil
}

type ownPasswordBody struct {
	Password string `json:"password" maxLength:"1024" doc:"Yours, to prove that it is you. 密码"`
}

type offerInput struct{ Body ownPasswordBody }

type factorAnswer struct {
	Secret string `json:"secret" doc:"In base32, for typing it in. 密钥"`
	URL    string `json:"url" doc:"For a picture that a telephone reads. 二维码内容"`
}

type offerOutput struct{ Body factorAnswer }

func (s *Server) offerFactor(ctx context.Context, in *offerInput) (*offerOutput, error) {
	p, err := person(ctx)
	if err != nil {
		return nil, err
	}
	f, err := s.o.Accounts.OfferTOTP(ctx, p, in.Body.Password)
	if err != nil {
		return nil, ownPassword(err)
	}
	return &offerOutput{factorAnswer{f.Secret, f.URL}}, nil
}

type codeBody struct {
	Code string `json:"code" maxLength:"64" doc:"Six digits of the telephone. 动态口令"`
}

type confirmInput struct{ Body codeBody }

type recoveryAnswer struct {
	Me
	Codes []string `json:"recovery_codes" doc:"Each replaces one code of the telephone, once. 恢复码"`
}

type confirmOutput struct {
	SetCookie string `header:"Set-Cookie"`
	Body      recoveryAnswer
}

func (s *Server) confirmFactor(ctx context.Context, in *confirmInput) (*confirmOutput, error) {
	p, err := person(ctx)
	if err != nil {
		return nil, err
	}
	codes, signed, err := s.o.Accounts.ConfirmTOTP(ctx, p, in.Body.Code)
	if err != nil {
		return nil, saidOf(err)
	}
	b := begun(signed)
	return &confirmOutput{b.SetCookie, recoveryAnswer{b.Body, codes}}, nil
}
