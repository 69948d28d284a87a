package testbed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// pingTime bounds one question to ARI.
const pingTime = 2 * time.Second

// Ping asks ARI for /asterisk/info. nil means: it answers, it is fully booted,
// and it knows our password, so it is not another program on the same port.
func (a *Asterisk) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, pingTime)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, a.ARIURL+"/asterisk/info", http.NoBody)
	if err != nil {
		return err
	}
	request.SetBasicAuth(a.ARIUser, a.ARIPassword)
	request.Close = true // leave no idle connection behind in the test's process
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("ARI answers %s", response.Status)
	}
	var info struct {
		System struct {
			Version string `json:"version"`
		} `json:"system"`
	}
	if err := json.NewDecoder(response.Body).Decode(&info); err != nil {
		return fmt.Errorf("ARI's answer: %w", err)
	}
	return nil
}

// External describes an Asterisk that somebody else runs, from a URL with user
// and password: http://user:password@host:8088/ari. Where SIP and recordings
// are must be told in ASTERISK_TRUNK_ADDR, ASTERISK_AGENT_ADDR and
// ASTERISK_RECORDINGS, if they are needed. Such an Asterisk is never stopped.
func External(address string) (*Asterisk, error) {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Host == "" || parsed.User == nil {
		return nil, errors.New("ASTERISK_URL: want http://user:password@host:port/ari")
	}
	password, _ := parsed.User.Password()
	a := &Asterisk{
		ARIUser:      parsed.User.Username(),
		ARIPassword:  password,
		App:          orElse(os.Getenv("ASTERISK_APP"), "hotline"),
		TrunkAddr:    os.Getenv("ASTERISK_TRUNK_ADDR"),
		AgentAddr:    os.Getenv("ASTERISK_AGENT_ADDR"),
		RecordingDir: os.Getenv("ASTERISK_RECORDINGS"),
	}
	parsed.User = nil
	parsed.Path = strings.TrimRight(orElse(parsed.Path, "/ari"), "/")
	a.ARIURL = parsed.String()
	return a, nil
}

// LogTail gives the last n lines that Asterisk logged.
func (a *Asterisk) LogTail(n int) string {
	if a.LogFile == "" {
		return ""
	}
	text, err := os.ReadFile(a.LogFile)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

func (a *Asterisk) logTail() string {
	if tail := a.LogTail(20); tail != "" {
		return "\nlast lines of its log:\n" + tail
	}
	return ""
}
