package redisstore

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// The oldest Redis that is supported.
const (
	oldestMajor = 6
	oldestMinor = 2
)

// Check tells whether this Redis can carry the hotline. The warnings are about settings
// that will lose figures or make them slow; the error says why it cannot be used at all
// and is ErrUnreachable, ErrRefused, ErrNotWritable or ErrTooOld. It writes nothing.
func (s *Store) Check(ctx context.Context) (warnings []string, err error) {
	if err := s.Ping(ctx); err != nil {
		return nil, err
	}
	if s.IsEmbedded() {
		return []string{"redis is embedded: figures are rebuilt at every start"}, nil
	}
	node, err := s.node(ctx)
	if err != nil {
		return nil, err
	}
	info := make(map[string]string)
	for _, section := range []string{"server", "memory", "replication", "persistence"} {
		text, err := node.Info(ctx, section).Result()
		if err != nil {
			return nil, plain(err)
		}
		parseInfo(info, text)
	}
	return judge(info)
}

// parseInfo reads the lines `name:value` of INFO.
func parseInfo(into map[string]string, text string) {
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			into[name] = value
		}
	}
}

// judge applies the rules of Check to the fields of INFO.
func judge(info map[string]string) (warnings []string, err error) {
	if version := info["redis_version"]; tooOld(version) {
		return nil, fmt.Errorf("%w: version %q, needed is %d.%d or newer",
			ErrTooOld, version, oldestMajor, oldestMinor)
	}
	if info["role"] == "slave" {
		return nil, fmt.Errorf("%w: it is a replica of %s", ErrNotWritable, info["master_host"])
	}
	if info["loading"] == "1" {
		return nil, fmt.Errorf("%w: it is loading its data", ErrNotWritable)
	}
	if policy := info["maxmemory_policy"]; policy != "" && policy != "noeviction" {
		warnings = append(warnings, fmt.Sprintf(
			"maxmemory-policy is %q: when memory runs short, redis removes counters without a word "+
				"and figures become too low; set noeviction", policy))
	}
	if info["rdb_last_bgsave_status"] == "err" {
		warnings = append(warnings, "the last background save of redis failed; it may soon take no writes")
	}
	return warnings, nil
}

// tooOld compares the first two numbers of a version. A version that cannot be read is too
// old: nothing is known about it.
func tooOld(version string) bool {
	parts := strings.SplitN(version, ".", 3)
	if len(parts) < 2 {
		return true
	}
	major, err := strconv.Atoi(parts[0])
	if err != nil {
		return true
	}
	minor, err := strconv.Atoi(parts[1])
	if err != nil {
		return true
	}
	return major < oldestMajor || major == oldestMajor && minor < oldestMinor
}
