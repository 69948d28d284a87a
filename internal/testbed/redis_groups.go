package testbed

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const (
	// sentinelFile is the configuration that a sentinel writes its state to.
	sentinelFile = "sentinel.conf"
	// clusterSlots is how many slots a Redis Cluster has.
	clusterSlots = 16384
	// clusterReady bounds the time in which the nodes find each other.
	clusterReady = 30 * time.Second
)

// StartRedisCluster runs a Redis Cluster of so many masters without replicas on loopback and
// returns when each of them says that it is whole. The caller stops each.
func StartRedisCluster(ctx context.Context, nodes int) (all []*Redis, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("start a Redis Cluster: %w", errors.Join(err, stopAll(all)))
			all = nil
		}
	}()
	buses := make([]string, nodes)
	for i := range nodes {
		bus, err := freeTCP(netip.AddrFrom4([4]byte{127, 0, 0, 1}))
		if err != nil {
			return all, err
		}
		buses[i] = strconv.Itoa(bus)
		node, err := StartRedis(ctx, RedisOptions{Args: []string{
			"--cluster-enabled", "yes", "--cluster-port", buses[i], "--cluster-node-timeout", "5000",
		}})
		if err != nil {
			return all, err
		}
		all = append(all, node)
		first, last := i*clusterSlots/nodes, (i+1)*clusterSlots/nodes-1
		if _, err := node.Say(ctx, "CLUSTER", "ADDSLOTSRANGE", strconv.Itoa(first), strconv.Itoa(last)); err != nil {
			return all, err
		}
	}
	for i, node := range all[1:] {
		host, port, err := net.SplitHostPort(node.Addr)
		if err != nil {
			return all, err
		}
		if _, err := all[0].Say(ctx, "CLUSTER", "MEET", host, port, buses[i+1]); err != nil {
			return all, err
		}
	}
	return all, awaitCluster(ctx, all)
}

// awaitCluster waits until every node knows all others and serves.
func awaitCluster(ctx context.Context, all []*Redis) error {
	ctx, cancel := context.WithTimeout(ctx, clusterReady)
	defer cancel()
	known := fmt.Sprintf("cluster_known_nodes:%d\r\n", len(all))
	for _, node := range all {
		whole := func(ctx context.Context) error {
			info, err := node.Say(ctx, "CLUSTER", "INFO")
			if err != nil {
				return err
			}
			if !strings.Contains(info, "cluster_state:ok") || !strings.Contains(info, known) {
				return fmt.Errorf("%s is not whole: %s", node.Addr, info)
			}
			return nil
		}
		if err := node.proc.waitReady(ctx, whole); err != nil {
			return err
		}
	}
	return nil
}

func stopAll(all []*Redis) (err error) {
	for _, r := range all {
		err = errors.Join(err, r.Stop())
	}
	return err
}

// StartSentinel runs a sentinel that watches a master under a name and fails it over by
// itself once it has not answered for down.
func StartSentinel(ctx context.Context, master *Redis, name string, down time.Duration) (*Redis, error) {
	root, err := FindRedis(ctx, nil)
	if err != nil {
		return nil, err
	}
	dir, err := NewRunDir()
	if err != nil {
		return nil, err
	}
	host, port, err := net.SplitHostPort(master.Addr)
	if err == nil {
		text := fmt.Sprintf("sentinel monitor %s %s %s 1\nsentinel down-after-milliseconds %s %d\n"+
			"sentinel failover-timeout %s %d\n", name, host, port, name, down.Milliseconds(), name, 4*down.Milliseconds())
		err = os.WriteFile(filepath.Join(dir.Path, sentinelFile), []byte(text), 0o600)
	}
	if err != nil {
		return nil, errors.Join(err, dir.Remove())
	}
	return startIn(ctx, &Redis{root: root, dir: dir, sentinel: true, LogFile: filepath.Join(dir.Path, "redis.log")})
}

// Say gives Redis one command and returns its answer, which must be a text or a number. An
// answer that is an error is one here, too.
func (r *Redis) Say(ctx context.Context, words ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, redisReady)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", r.Addr)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return "", err
		}
	}
	var command strings.Builder
	fmt.Fprintf(&command, "*%d\r\n", len(words))
	for _, w := range words {
		fmt.Fprintf(&command, "$%d\r\n%s\r\n", len(w), w)
	}
	if _, err := io.WriteString(conn, command.String()); err != nil {
		return "", err
	}
	answer, err := readAnswer(bufio.NewReader(conn))
	if err != nil {
		return "", fmt.Errorf("%s: %w", strings.Join(words, " "), err)
	}
	return answer, nil
}

// readAnswer reads a status, an error, a number or a text.
func readAnswer(from *bufio.Reader) (string, error) {
	line, err := from.ReadString('\n')
	if err != nil {
		return "", err
	}
	kind, rest := line[0], strings.TrimRight(line[1:], "\r\n")
	switch kind {
	case '+', ':':
		return rest, nil
	case '-':
		return "", errors.New(rest)
	case '$':
		size, err := strconv.Atoi(rest)
		if err != nil || size < 0 {
			return "", err // -1: there is no such value
		}
		text := make([]byte, size)
		_, err = io.ReadFull(from, text)
		return string(text), err
	default:
		return "", fmt.Errorf("an answer that is neither a text nor a number: %q", line)
	}
}
