package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"hotline/call"
	"hotline/configs"
	"hotline/internal/app"
	"hotline/people"
)

// userCmd makes and changes those who may sign in, beside a running hotline or without one.
type userCmd struct {
	Add     userAddCmd     `cmd:"" help:"Make a user and print his one-time password."`
	List    userListCmd    `cmd:"" help:"Print all users."`
	Change  userChangeCmd  `cmd:"" help:"Change what is given of a user: roles, team, agent, skills, name shown."`
	Disable userDisableCmd `cmd:"" help:"Keep a user out; every session of his is over."`
	Enable  userEnableCmd  `cmd:"" help:"Let a user in again."`
	Reset   userResetCmd   `cmd:"" help:"Print a new one-time password for a user; every session of his is over."`
	SignOut userSignOutCmd `cmd:"" name:"sign-out" help:"End every session of a user."`
	Token   tokenCmd       `cmd:"" help:"Tokens for programs that read, such as wallboards."`
}

// withPeople opens the stores of the configuration for one command.
func (f configFlag) withPeople(e env, do func(context.Context, *app.People, *configs.Config) error) error {
	cfg, err := f.load()
	if err != nil {
		return err
	}
	p, err := app.OpenPeople(e.ctx, cfg, slog.New(slog.NewTextHandler(e.errOut, nil)), nil)
	if err != nil {
		return err
	}
	err = do(e.ctx, p, cfg)
	if errors.Is(err, people.ErrInvalid) {
		err = fmt.Errorf("%w: %w", errUsage, err)
	}
	return errors.Join(err, p.Close())
}

// withUser does something to the user of a name.
func (f configFlag) withUser(e env, name string, do func(context.Context, *app.People, people.User) error) error {
	return f.withPeople(e, func(ctx context.Context, p *app.People, _ *configs.Config) error {
		u, err := p.UserNamed(ctx, name)
		if err != nil {
			return fmt.Errorf("user %q: %w", name, err)
		}
		return do(ctx, p, u)
	})
}

// profile is what the command line says of a user.
type profile struct {
	Display string         `help:"Name as shown."`
	Role    []people.Role  `help:"Roles, such as sa,ja; see docs/users.md."`
	Team    string         `help:"Team, as agents[].team of the configuration has it."`
	Agent   string         `help:"Agent that the user is, an id of the configuration."`
	Skill   map[string]int `help:"Levels 1 to 10 by skill, such as english=3;broadband=2."`
}

// check refuses an agent who is not configured: his user would see no call.
func (p profile) check(cfg *configs.Config) error {
	known := slices.ContainsFunc(cfg.Agents, func(a configs.Agent) bool { return string(a.ID) == p.Agent })
	if p.Agent != "" && !known {
		return fmt.Errorf("%w: --agent %q: must be one of the agents of the configuration", errUsage, p.Agent)
	}
	return nil
}

type userAddCmd struct {
	configFlag
	profile
	Name string `arg:"" help:"Name of sign-in: lower case letters, digits, dot, hyphen, underscore."`
}

// Run makes the user.
func (c userAddCmd) Run(e env) error {
	return c.withPeople(e, func(ctx context.Context, p *app.People, cfg *configs.Config) error {
		if err := c.check(cfg); err != nil {
			return err
		}
		u, password, err := p.Add(ctx, app.Console(), people.User{
			Name: c.Name, Display: c.Display, Roles: c.Role, Team: c.Team, Agent: call.AgentID(c.Agent), Skills: c.Skill,
		})
		if err != nil {
			return err
		}
		return printPassword(e, u.Name, password)
	})
}

// printPassword prints what is shown once.
func printPassword(e env, name, password string) error {
	_, err := fmt.Fprintf(e.out, "user %s\none-time password %s\n", name, password)
	return err
}

type userListCmd struct{ configFlag }

// Run prints a line per user.
func (c userListCmd) Run(e env) error {
	return c.withPeople(e, func(ctx context.Context, p *app.People, _ *configs.Config) error {
		all, err := p.Users(ctx)
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(e.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "NAME\tSHOWN\tROLES\tTEAM\tAGENT\tSKILLS\tSTATE")
		for _, u := range all {
			state := "enabled"
			if u.Disabled {
				state = "disabled"
			}
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", u.Name, u.Display, orDash(rolesText(u.Roles)), orDash(u.Team),
				orDash(string(u.Agent)), orDash(skillsText(u.Skills)), state)
		}
		return table.Flush()
	})
}

func rolesText(roles []people.Role) string {
	words := make([]string, len(roles))
	for i, r := range roles {
		words[i] = string(r)
	}
	return strings.Join(words, ",")
}

func skillsText(skills map[string]int) string {
	words := make([]string, 0, len(skills))
	for skill, level := range skills {
		words = append(words, fmt.Sprintf("%s=%d", skill, level))
	}
	slices.Sort(words)
	return strings.Join(words, ";")
}

type userChangeCmd struct {
	configFlag
	profile
	Name  string   `arg:"" help:"Name of the user."`
	Clear []string `help:"Take away: roles, team, agent, skills." enum:"roles,team,agent,skills"`
}

// Run changes the user. Rights hold at once.
func (c userChangeCmd) Run(e env) error {
	return c.withPeople(e, func(ctx context.Context, p *app.People, cfg *configs.Config) error {
		if err := c.check(cfg); err != nil {
			return err
		}
		u, err := p.UserNamed(ctx, c.Name)
		if err != nil {
			return fmt.Errorf("user %q: %w", c.Name, err)
		}
		_, err = p.Save(ctx, app.Console(), c.changed(u))
		return err
	})
}

func (c userChangeCmd) changed(u people.User) people.User {
	for _, what := range c.Clear {
		switch what {
		case "roles":
			u.Roles = nil
		case "team":
			u.Team = ""
		case "agent":
			u.Agent, u.Skills = "", nil
		case "skills":
			u.Skills = nil
		}
	}
	if c.Display != "" {
		u.Display = c.Display
	}
	if len(c.Role) > 0 {
		u.Roles = c.Role
	}
	if c.Team != "" {
		u.Team = c.Team
	}
	if c.Agent != "" {
		u.Agent = call.AgentID(c.Agent)
	}
	if len(c.Skill) > 0 {
		u.Skills = c.Skill
	}
	return u
}

// userName is the one argument of most commands.
type userName struct {
	configFlag
	Name string `arg:"" help:"Name of the user."`
}

// set disables or enables a user.
func (c userName) set(e env, disabled bool) error {
	return c.withUser(e, c.Name, func(ctx context.Context, p *app.People, u people.User) error {
		u.Disabled = disabled
		_, err := p.Save(ctx, app.Console(), u)
		return err
	})
}

type userDisableCmd struct{ userName }

// Run keeps him out.
func (c userDisableCmd) Run(e env) error { return c.set(e, true) }

type userEnableCmd struct{ userName }

// Run lets him in.
func (c userEnableCmd) Run(e env) error { return c.set(e, false) }

type userResetCmd struct {
	userName
	SecondFactor bool `name:"second-factor" help:"Take the second factor away, too: his telephone is lost."`
}

// Run gives him a new password.
func (c userResetCmd) Run(e env) error {
	return c.withUser(e, c.Name, func(ctx context.Context, p *app.People, u people.User) error {
		if c.SecondFactor {
			if err := p.ResetTOTP(ctx, app.Console(), u.ID); err != nil {
				return err
			}
		}
		password, err := p.ResetPassword(ctx, app.Console(), u.ID)
		if err != nil {
			return err
		}
		return printPassword(e, u.Name, password)
	})
}

type userSignOutCmd struct{ userName }

// Run ends his sessions.
func (c userSignOutCmd) Run(e env) error {
	return c.withUser(e, c.Name, func(ctx context.Context, p *app.People, u people.User) error {
		return p.EndAll(ctx, app.Console(), u.ID)
	})
}

// tokenCmd makes tokens for programs.
type tokenCmd struct {
	Add    tokenAddCmd    `cmd:"" help:"Make a token and print it; it is shown once."`
	List   tokenListCmd   `cmd:"" help:"Print all tokens, without what opens."`
	Remove tokenRemoveCmd `cmd:"" help:"Take a token back."`
}

type tokenAddCmd struct {
	configFlag
	Name string        `arg:"" help:"Name of the program."`
	Role []people.Role `help:"Roles whose rights to read it has, such as st." required:""`
	Days int           `help:"Days until it is refused, 1 to 732." default:"365"`
}

// Run makes the token.
func (c tokenAddCmd) Run(e env) error {
	return c.withPeople(e, func(ctx context.Context, p *app.People, _ *configs.Config) error {
		_, secret, err := p.AddToken(ctx, app.Console(), people.Token{
			Name: c.Name, Roles: c.Role, Expires: time.Now().AddDate(0, 0, c.Days),
		})
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(e.out, secret)
		return err
	})
}

type tokenListCmd struct{ configFlag }

// Run prints a line per token.
func (c tokenListCmd) Run(e env) error {
	return c.withPeople(e, func(ctx context.Context, p *app.People, cfg *configs.Config) error {
		all, err := p.MachineTokens(ctx)
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(e.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "NAME\tROLES\tMADE BY\tUNTIL\tLAST USE")
		for _, t := range all {
			used := "-"
			if !t.Used.IsZero() {
				used = t.Used.In(cfg.Zone()).Format(time.DateTime)
			}
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", t.Name, rolesText(t.Roles), t.By,
				t.Expires.In(cfg.Zone()).Format(time.DateOnly), used)
		}
		return table.Flush()
	})
}

type tokenRemoveCmd struct {
	configFlag
	Name string `arg:"" help:"Name of the program."`
}

// Run takes it back.
func (c tokenRemoveCmd) Run(e env) error {
	return c.withPeople(e, func(ctx context.Context, p *app.People, _ *configs.Config) error {
		all, err := p.MachineTokens(ctx)
		if err != nil {
			return err
		}
		for _, t := range all {
			if t.Name == c.Name {
				return p.RemoveToken(ctx, app.Console(), t.ID)
			}
		}
		return fmt.Errorf("token %q: %w", c.Name, people.ErrUnknown)
	})
}
