package redisstore

import "github.com/redis/go-redis/v9"

// scripts are all moves of the fold. Each is sent by its hash and, when Redis does not know
// it (restarted, SCRIPT FLUSH), once by its text.
type scripts struct {
	apply, begin, drop, finish, filled *redis.Script
}

func newScripts() scripts {
	return scripts{
		apply:  redis.NewScript(applyLua),
		begin:  redis.NewScript(beginLua),
		drop:   redis.NewScript(dropLua),
		finish: redis.NewScript(finishLua),
		filled: redis.NewScript(filledLua),
	}
}

// applyLua adds a batch to the counters and moves the number of the last applied event,
// both or neither.
//
//	KEYS 1 seq, 2 mark, 3 config, 4 index, 5.. the counter hashes
//	ARGV 1 our config, 2 first and 3 last event of the batch, 4 mark of the last event,
//	     5 second up to which the index forgets, then for each of KEYS 5..: the second at
//	     which it expires, the number of its fields, and for each field: add | max, name, n
//
//	returns {"ok", last}
//	        {"config", ""}   no counters, or by other rules; nothing was written
//	        {"moved", seq}   the batch does not begin at seq + 1; nothing was written
//	        {"broken", text} a write failed half way; the counters were given up; the text
//	                         names the key and the error
//	error   when Redis takes no writes; nothing was written
//
// The mark is written first, because where writes are refused (OOM, READONLY, MISCONF) the
// first one already fails and nothing has happened. A later write fails only when a key
// holds something that is not ours. Redis cannot take back what the script wrote until
// then, so it removes the config: without it the counters count as lost and are rebuilt.
const applyLua = `
local seq = redis.call('GET', KEYS[1])
if not seq or redis.call('GET', KEYS[3]) ~= ARGV[1] then return {'config', ''} end
if tonumber(ARGV[2]) ~= tonumber(seq) + 1 then return {'moved', seq} end

redis.call('SET', KEYS[2], ARGV[4])
local key
local function add_all()
  local at = 6
  for k = 5, #KEYS do
    key = KEYS[k]
    local expire, fields = ARGV[at], tonumber(ARGV[at + 1])
    at = at + 2
    for _ = 1, fields do
      local op, field, n = ARGV[at], ARGV[at + 1], ARGV[at + 2]
      at = at + 3
      if op == 'add' then
        redis.call('HINCRBY', key, field, n)
      elseif tonumber(n) > tonumber(redis.call('HGET', key, field) or '0') then
        redis.call('HSET', key, field, n)
      end
    end
    if redis.call('TTL', key) == -1 then
      redis.call('EXPIREAT', key, expire)
      redis.call('ZADD', KEYS[4], expire, key)
    end
  end
  redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', ARGV[5])
end
local ok, err = pcall(add_all)
if not ok then
  redis.call('DEL', KEYS[3])
  if type(err) == 'table' then err = err.err end
  return {'broken', tostring(key) .. ': ' .. tostring(err)}
end
redis.call('SET', KEYS[1], ARGV[3])
return {'ok', ARGV[3]}
`

// beginLua takes the right to drop the counters and makes them invalid, if they still
// stand as the caller saw them.
//
//	KEYS 1 reset, 2 config, 3 seq, 4 mark
//	ARGV 1 token of the caller, 2 lease in ms, 3 config and 4 seq as seen, "" for none
//
//	returns 1 the right is ours until the lease ends
//	        0 another process has it, or the counters have changed
const beginLua = `
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
if (redis.call('GET', KEYS[2]) or '') ~= ARGV[3] then return 0 end
if (redis.call('GET', KEYS[3]) or '') ~= ARGV[4] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('DEL', KEYS[2], KEYS[3], KEYS[4])
return 1
`

// dropLua removes some counters and prolongs the lease.
//
//	KEYS 1 reset, 2 index, 3.. the counters
//	ARGV 1 token of the caller, 2 lease in ms
//
//	returns 1 removed
//	        0 the right is not ours any more; nothing was removed
const dropLua = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
for k = 3, #KEYS do
  redis.call('UNLINK', KEYS[k])
  redis.call('ZREM', KEYS[2], KEYS[k])
end
return 1
`

// finishLua declares the counters empty, valid and being filled, and gives back the right.
//
//	KEYS 1 reset, 2 config, 3 seq, 4 index, 5 filling
//	ARGV 1 token of the caller, 2 our config, 3 the event before the first one to count
//
//	returns 1 done
//	        0 the right is not ours any more, or counters are left; nothing was written
const finishLua = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if redis.call('ZCARD', KEYS[4]) ~= 0 then return 0 end
redis.call('SET', KEYS[2], ARGV[2])
redis.call('SET', KEYS[3], ARGV[3])
redis.call('SET', KEYS[5], '1')
redis.call('DEL', KEYS[1])
return 1
`

// filledLua declares the counters full, if nobody has dropped them meanwhile.
//
//	KEYS 1 seq, 2 filling
//	ARGV 1 the event they are full up to
//
//	returns 1 done
//	        0 they stand elsewhere; nothing was written
const filledLua = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[2])
return 1
`
