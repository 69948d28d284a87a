package web

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"hotline/people"
)

func (s *Server) registerStaff() {
	one := UserRecord{
		ID: "0f3a", Created: exampleTime(),
		UserFields: UserFields{Name: "wangfang", Display: "王芳", Roles: []people.Role{people.Senior}, Agent: exampleAgent},
	}
	gone := map[int]any{http.StatusNotFound: nil}
	const path, id = "/api/v1/users", "/api/v1/users/{user}"
	add(s, operation{
		id: "listUsers", method: http.MethodGet, path: path, tag: staffTag, right: UserManage,
		summary: "Who may sign in", chinese: "用户列表", answer: usersAnswer{[]UserRecord{one}},
	}, s.listUsers)
	add(s, operation{
		id: "createUser", method: http.MethodPost, path: path, tag: staffTag, right: UserManage, journaled: true,
		status: http.StatusCreated, summary: "Make a user", chinese: "新增用户", request: one.UserFields,
		about:  "The answer holds a one-time password, which works for 72 hours and is never told again.",
		answer: newUserAnswer{UserRecord: one, Password: "kf7tm-x2vbn-9qwrp-hj4ys"},
	}, s.createUser)
	add(s, operation{
		id: "getUser", method: http.MethodGet, path: id, tag: staffTag, right: UserManage, errors: gone,
		summary: "One user", chinese: "用户详情", answer: one,
	}, s.getUser)
	add(s, operation{
		id: "updateUser", method: http.MethodPut, path: id, tag: staffTag, right: UserManage, journaled: true,
		summary: "Change a user", chinese: "修改用户", request: one.UserFields, answer: one,
		about: "What is left out is taken away. Rights hold at once. If-Match must hold the ETag of the version that was " +
			"read. 409 for what would leave no administrator.",
		errors: map[int]any{
			http.StatusNotFound: nil, http.StatusPreconditionFailed: nil, http.StatusPreconditionRequired: nil,
		},
	}, s.updateUser)
	add(s, operation{
		id: "resetPassword", method: http.MethodPost, path: id + "/password", tag: staffTag, right: UserManage,
		journaled: true, summary: "Give a user a new one-time password", chinese: "重置密码", errors: gone,
		about:   "Every session of his is over. second_factor takes that away, too: his telephone is lost.",
		request: resetBody{}, answer: resetAnswer{Password: "kf7tm-x2vbn-9qwrp-hj4ys"},
	}, s.resetPassword)
	add(s, operation{
		id: "signUserOut", method: http.MethodDelete, path: id + "/sessions", tag: staffTag, right: UserManage,
		journaled: true, summary: "End every session of a user", chinese: "强制退出", errors: gone,
	}, s.signUserOut)
	s.registerTokens()
	add(s, operation{
		id: "listAudit", method: http.MethodGet, path: "/api/v1/audit", tag: staffTag, right: AuditRead, audited: true,
		summary: "Who did what, the newest first", chinese: "审计日志",
		about: "Whether nothing was changed, taken out or cut off, hotline audit verify tells on the machine itself.",
		answer: auditAnswer{Entries: []AuditEntry{{
			Seq: 7, At: exampleTime(), ActorID: "0f3a", Actor: "wangfang", Address: "192.0.2.7", Action: "getRecordingAudio",
			Object: "/api/v1/recordings/4711/audio", Outcome: "allowed", Details: "{}", Hash: "5d0c",
		}}, Next: "7"},
	}, s.listAudit)
}

func (s *Server) registerTokens() {
	one := TokenRecord{
		ID: "9b1d", Name: "wallboard", Roles: []people.Role{people.Statistics}, Created: exampleTime(), By: "admin",
		Expires: exampleTime().AddDate(1, 0, 0),
	}
	const path = "/api/v1/tokens"
	add(s, operation{
		id: "listTokens", method: http.MethodGet, path: path, tag: staffTag, right: UserManage,
		summary: "Tokens of programs", chinese: "接口令牌列表", answer: tokensAnswer{[]TokenRecord{one}},
	}, s.listTokens)
	add(s, operation{
		id: "createToken", method: http.MethodPost, path: path, tag: staffTag, right: UserManage, journaled: true,
		status: http.StatusCreated, summary: "Make a token for a program that reads", chinese: "新增接口令牌",
		about:   "The answer holds the token; it is never told again.",
		request: tokenBody{Name: "wallboard", Roles: one.Roles, Days: 365},
		answer:  newTokenAnswer{TokenRecord: one, Token: "hlm_5ZJ7"},
	}, s.createToken)
	add(s, operation{
		id: "deleteToken", method: http.MethodDelete, path: path + "/{token}", tag: staffTag, right: UserManage,
		journaled: true, summary: "Take a token back", chinese: "删除接口令牌", errors: map[int]any{http.StatusNotFound: nil},
	}, s.deleteToken)
}

// UserPath names a user.
type UserPath struct {
	User string `path:"user" maxLength:"64" doc:"Id of the user. 用户标识" example:"0f3a"`
}

type usersAnswer struct {
	Users []UserRecord `json:"users"`
}

type usersOutput struct{ Body usersAnswer }

func (s *Server) listUsers(ctx context.Context, _ *struct{}) (*usersOutput, error) {
	all, err := s.o.Staff.Users(ctx)
	if err != nil {
		return nil, err
	}
	out := usersOutput{usersAnswer{make([]UserRecord, len(all))}}
	for i, u := range all {
		out.Body.Users[i] = recordOf(u)
	}
	return &out, nil
}

type userInput struct {
	CommandKey
	Body UserFields
}

type newUserAnswer struct {
	UserRecord
	Password string `json:"password" doc:"One-time password. 一次性密码"`
}

type newUserOutput struct {
	ETag string `header:"ETag"`
	Body newUserAnswer
}

func (s *Server) createUser(ctx context.Context, in *userInput) (*newUserOutput, error) {
	if err := s.knownAgent(in.Body.Agent); err != nil {
		return nil, err
	}
	in.Body.Disabled = false
	u, password, err := s.o.Staff.Add(ctx, deedOf(ctx), in.Body.user(people.User{}))
	if err != nil {
		return nil, ofStaff(err, "user")
	}
	return &newUserOutput{tagOf(u.Version), newUserAnswer{recordOf(u), password}}, nil
}

type userOutput struct {
	ETag string `header:"ETag"`
	Body UserRecord
}

func (s *Server) getUser(ctx context.Context, in *UserPath) (*userOutput, error) {
	u, err := s.o.Staff.User(ctx, in.User)
	if err != nil {
		return nil, ofStaff(err, "user")
	}
	return &userOutput{tagOf(u.Version), recordOf(u)}, nil
}

type updateUserInput struct {
	UserPath
	KnownVersion
	CommandKey
	Body UserFields
}

func (s *Server) updateUser(ctx context.Context, in *updateUserInput) (*userOutput, error) {
	if err := s.knownAgent(in.Body.Agent); err != nil {
		return nil, err
	}
	u, err := s.o.Staff.User(ctx, in.User)
	if err != nil {
		return nil, ofStaff(err, "user")
	}
	if err := in.KnownVersion.is(tagOf(u.Version)); err != nil {
		return nil, err
	}
	u, err = s.o.Staff.Save(ctx, deedOf(ctx), in.Body.user(u))
	if err != nil {
		return nil, ofStaff(err, "user")
	}
	return &userOutput{tagOf(u.Version), recordOf(u)}, nil
}

type resetBody struct {
	SecondFactor bool `json:"second_factor,omitempty" doc:"Take the second factor away, too. 同时解绑动态口令"`
}

type resetInput struct {
	UserPath
	CommandKey
	Body resetBody
}

type resetAnswer struct {
	Password string `json:"password" doc:"One-time password. 一次性密码"`
}

type resetOutput struct{ Body resetAnswer }

func (s *Server) resetPassword(ctx context.Context, in *resetInput) (*resetOutput, error) {
	if in.Body.SecondFactor {
		if err := s.o.Staff.ResetTOTP(ctx, deedOf(ctx), in.User); err != nil {
			return nil, ofDeed(err)
		}
	}
	password, err := s.o.Staff.ResetPassword(ctx, deedOf(ctx), in.User)
	if err != nil {
		return nil, ofDeed(err)
	}
	return &resetOutput{resetAnswer{password}}, nil
}

type signUserOutInput struct {
	UserPath
	CommandKey
}

func (s *Server) signUserOut(ctx context.Context, in *signUserOutInput) (*none, error) {
	return nil, ofDeed(s.o.Staff.EndAll(ctx, deedOf(ctx), in.User))
}

type tokensAnswer struct {
	Tokens []TokenRecord `json:"tokens"`
}

type tokensOutput struct{ Body tokensAnswer }

func tokenOf(t people.Token) TokenRecord {
	out := TokenRecord{
		ID: t.ID, Name: t.Name, Roles: append([]people.Role{}, t.Roles...), Created: t.Created, By: t.By, Expires: t.Expires,
	}
	if !t.Used.IsZero() {
		out.Used = &t.Used
	}
	return out
}

func (s *Server) listTokens(ctx context.Context, _ *struct{}) (*tokensOutput, error) {
	all, err := s.o.Staff.MachineTokens(ctx)
	if err != nil {
		return nil, err
	}
	out := tokensOutput{tokensAnswer{make([]TokenRecord, len(all))}}
	for i, t := range all {
		out.Body.Tokens[i] = tokenOf(t)
	}
	return &out, nil
}

type tokenBody struct {
	Name  string        `json:"name" maxLength:"64" doc:"Name of the program. 程序名"`
	Roles []people.Role `json:"roles" minItems:"1" maxItems:"12" nullable:"false" doc:"What it may read. 角色"`
	Days  int           `json:"days" minimum:"1" maximum:"730" doc:"Days until it is refused. 有效天数"`
}

type tokenInput struct {
	CommandKey
	Body tokenBody
}

type newTokenAnswer struct {
	TokenRecord
	Token string `json:"token" doc:"What the program shows. 令牌"`
}

type newTokenOutput struct{ Body newTokenAnswer }

func (s *Server) createToken(ctx context.Context, in *tokenInput) (*newTokenOutput, error) {
	t, secret, err := s.o.Staff.AddToken(ctx, deedOf(ctx), people.Token{
		Name: in.Body.Name, Roles: in.Body.Roles, Expires: time.Now().AddDate(0, 0, in.Body.Days),
	})
	if err != nil {
		return nil, ofStaff(err, "token")
	}
	return &newTokenOutput{newTokenAnswer{tokenOf(t), secret}}, nil
}

type deleteTokenInput struct {
	CommandKey
	Token string `path:"token" maxLength:"64" doc:"Id of the token. 令牌标识" example:"9b1d"`
}

func (s *Server) deleteToken(ctx context.Context, in *deleteTokenInput) (*none, error) {
	return nil, ofStaff(s.o.Staff.RemoveToken(ctx, deedOf(ctx), in.Token), "token")
}

type auditInput struct {
	From    time.Time `query:"from" doc:"From this time on. 起"`
	To      time.Time `query:"to" doc:"Before this time. 止"`
	Actor   string    `query:"actor" maxLength:"128" doc:"What this user or token did. 操作人"`
	Action  string    `query:"action" maxLength:"128" doc:"This action; with a dot at the end all that begin so. 操作"`
	Object  string    `query:"object" maxLength:"512" doc:"What was done to this. 对象"`
	Outcome string    `query:"outcome" enum:"allowed,denied,failed" doc:"What became of it. 结果"`
	Cursor  string    `query:"cursor" maxLength:"20" pattern:"^[0-9]{1,19}$" doc:"The next of the page before. 游标"`
	Limit   int       `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"So many at most. 条数"`
}

type auditAnswer struct {
	Entries []AuditEntry `json:"entries"`
	Next    string       `json:"next,omitempty" doc:"The cursor of the next page; absent = this is the last. 下一页"`
}

type auditOutput struct{ Body auditAnswer }

func (s *Server) listAudit(ctx context.Context, in *auditInput) (*auditOutput, error) {
	f := AuditFilter{
		From: in.From, To: in.To, Actor: in.Actor, Action: in.Action, Object: in.Object, Outcome: in.Outcome,
		Limit: in.Limit + 1,
	}
	if in.Cursor != "" {
		before, err := strconv.ParseUint(in.Cursor, 10, 63)
		if err != nil {
			return nil, BadField("cursor", "must be the next of a page")
		}
		f.Before = before
	}
	found, err := s.o.Staff.AuditEntries(ctx, f)
	if err != nil {
		return nil, err
	}
	out := auditOutput{auditAnswer{Entries: append([]AuditEntry{}, found[:min(len(found), in.Limit)]...)}}
	if len(found) > in.Limit {
		out.Body.Next = strconv.FormatUint(found[in.Limit-1].Seq, 10)
	}
	return &out, nil
}
