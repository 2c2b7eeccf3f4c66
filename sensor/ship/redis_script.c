#include "ship/redis_script.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD_WORDS 10 /* EVALSHA sha number key ... */

#define WORDS_MAX \
	(HEAD_WORDS + 2 * REDIS_KEYS_MAX + (REDIS_ENTRY_WORDS + 1) * REDIS_ENTRIES_MAX)

/*
 * KEYS: the place, then those of the delta, totals first. ARGV: journal, where it should
 * stand, where it will; the type of each key; then commands: how many words, verb, key,
 * rest.
 *
 * Of the place and of all that counters say of themselves the furthest holds: a batch is
 * applied to all keys or to none, so no counter has less than it says. What does not say
 * it (hash-, zset-) goes with the totals, which are in every batch and do.
 *
 * What would fail is looked for before anything is changed, and the place moves first:
 * then no error can make that commands are applied twice.
 *
 * What is written are results, not steps: sums, and ids of the stream that follow from
 * the one before and the record's time. For Redis (7.0) that was killed while it wrote
 * its file of commands may leave a piece of a transaction in it, which a later start
 * applies although it was rolled back: here that changes nothing.
 */
static const char SCRIPT[] =
	"local place = redis.call('HGET', KEYS[1], ARGV[1]) or '0'\n"
	"local own, restored = 'place:' .. ARGV[1], 0\n"
	"local found, how = {}, {}\n"
	"for i = 2, #KEYS do\n"
	"  local kind\n"
	"  kind, how[i] = string.match(ARGV[2 + i], '(%a+)(.?)')\n"
	"  found[i] = redis.call('TYPE', KEYS[i]).ok\n"
	"  if found[i] ~= 'none' and found[i] ~= kind then\n"
	"    return redis.error_reply('WRONGTYPE ' .. KEYS[i] .. ' is a ' .. "
	"found[i])\n"
	"  end\n"
	"  if how[i] == '+' and found[i] ~= 'none' then\n"
	"    local at = redis.call('HGET', KEYS[i], own)\n"
	"    if at and (tonumber(at) or 0) > tonumber(place) then\n"
	"      place, restored = at, 1\n"
	"    end\n"
	"  end\n"
	"end\n"
	"if place ~= ARGV[2] then return {place, 0, '', restored, 0} end\n"
	"local emptied = 0\n"
	"if found[2] == 'none' then\n"
	"  if place ~= '0' then emptied = 1 end\n"
	"  for i = 3, #KEYS do\n"
	"    if how[i] == '-' and found[i] ~= 'none' then\n"
	"      redis.call('UNLINK', KEYS[i])\n"
	"      emptied = 1\n"
	"    end\n"
	"  end\n"
	"end\n"
	"redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])\n"
	"for i = 2, #KEYS do\n"
	"  if how[i] == '+' then redis.call('HSET', KEYS[i], own, ARGV[3]) end\n"
	"end\n"
	"local refused, why = 0, ''\n"
	"local function try(verb, ...)\n"
	"  local answer = redis.pcall(verb, ...)\n"
	"  if type(answer) == 'table' and answer.err then\n"
	"    refused, why = refused + 1, verb .. ': ' .. answer.err\n"
	"  end\n"
	"  return answer\n"
	"end\n"
	"local function sum(old, more)\n"
	"  local number = tonumber(old or '0')\n"
	"  if number then return string.format('%.0f', number + more) end\n"
	"  refused, why = refused + 1, 'a number was expected, not ' .. old\n"
	"  return old\n"
	"end\n"
	"local last = redis.call('HGET', KEYS[1], 'stream') or '0-0'\n"
	"local ms, n = string.match(last, '(%d+)-(%d+)')\n"
	"ms, n = tonumber(ms), tonumber(n)\n"
	"local verbs = {}\n"
	"function verbs.HINCRBY(key, more, field)\n"
	"  try('HSET', key, field, sum(try('HGET', key, field), more))\n"
	"end\n"
	"function verbs.ZINCRBY(key, more, member)\n"
	"  try('ZADD', key, sum(try('ZSCORE', key, member), more), member)\n"
	"end\n"
	"function verbs.XADD(key, most, time, line)\n"
	"  time = tonumber(time)\n"
	"  if time > ms then ms, n = time, 0 else n = n + 1 end\n"
	"  local id = string.format('%.0f-%.0f', ms, n)\n"
	"  local added = redis.pcall('XADD', key, 'MAXLEN', '~', most, id, 'eve', "
	"line)\n"
	"  if type(added) == 'table' then\n" /* somebody else's is newer */
	"    added = try('XADD', key, 'MAXLEN', '~', most, '*', 'eve', line)\n"
	"    if type(added) == 'string' then\n"
	"      ms, n = string.match(added, '(%d+)-(%d+)')\n"
	"      ms, n = tonumber(ms), tonumber(n)\n"
	"    end\n"
	"  end\n"
	"end\n"
	"local at = #KEYS + 3\n"
	"while at <= #ARGV do\n"
	"  local stop = at + ARGV[at]\n"
	"  local verb, key = ARGV[at + 1], KEYS[tonumber(ARGV[at + 2]) + 1]\n"
	"  local own = verbs[verb]\n"
	"  if own then own(key, unpack(ARGV, at + 3, stop))\n"
	"  else try(verb, key, unpack(ARGV, at + 3, stop)) end\n"
	"  at = stop + 1\n"
	"end\n"
	"redis.call('HSET', KEYS[1], 'stream', string.format('%.0f-%.0f', ms, n))\n"
	"return {ARGV[3], refused, why, restored, emptied}\n";

/* A command that is being put together. */
struct words {
	size_t count;
	const char *texts[WORDS_MAX];
	size_t lens[WORDS_MAX];
};

static void add_word(struct words *words, const char *text, size_t len)
{
	words->texts[words->count] = text;
	words->lens[words->count++] = len;
}

static void put_text(struct words *words, const char *text)
{
	add_word(words, text, strlen(text));
}

bool redis_script_load(struct redis_script *script, struct reason *why)
{
	const char *words[] = {"SCRIPT", "LOAD", SCRIPT, NULL};
	struct redis_answer *answer = redis_session_ask(script->session, words, why);
	if (!answer) {
		return false;
	}
	const char *sha = redis_answer_text(answer);
	(void)snprintf(script->sha, sizeof(script->sha), "%s", sha ? sha : "");
	redis_answer_free(answer);
	return script->sha[0] != '\0' ||
	       reason_set(why, "it takes no scripts: no answer to SCRIPT LOAD");
}

/* By its sum; whole where the server does not know it (any more). */
static struct redis_answer *call_script(
	struct redis_session *session, struct words *words, struct reason *why)
{
	const struct redis_command command = {
		.words = words->texts, .lens = words->lens, .count = words->count};
	struct redis_answer *answer = redis_session_call(session, &command, why);
	if (!answer && session->link.context &&
		session->error == REDIS_ERROR_NO_SCRIPT) {
		words->texts[0] = "EVAL";
		words->lens[0] = 4;
		words->texts[1] = SCRIPT;
		words->lens[1] = sizeof(SCRIPT) - 1;
		answer = redis_session_call(session, &command, why);
	}
	return answer;
}

static bool read_answer(struct redis_script *script, struct redis_answer *answer,
	uint64_t *place, struct reason *why)
{
	if (!answer) {
		return false;
	}
	const char *text = redis_answer_text(redis_answer_item(answer, 0));
	const int64_t refused = redis_answer_number(redis_answer_item(answer, 1));
	const char *refusal = redis_answer_text(redis_answer_item(answer, 2));
	script->restored += redis_answer_number(redis_answer_item(answer, 3)) > 0;
	script->emptied += redis_answer_number(redis_answer_item(answer, 4)) > 0;
	if (text) {
		*place = strtoull(text, NULL, 10);
	}
	if (refused > 0 && refusal) {
		script->refused += (uint64_t)refused;
		(void)reason_set(&script->refusal, "%.150s", refusal);
	}
	redis_answer_free(answer);
	return text || reason_set(why, "an answer that is none of our script's");
}

static void put_head(
	struct words *words, const struct redis_script *script, const char *keys)
{
	words->count = 0;
	put_text(words, "EVALSHA");
	put_text(words, script->sha);
	put_text(words, keys);
	put_text(words, script->place);
}

bool redis_script_read(struct redis_script *script, uint64_t *place, struct reason *why)
{
	static struct words words;
	put_head(&words, script, "2");
	put_text(&words, script->totals);
	put_text(&words, script->journal);
	put_text(&words, "?"); /* nowhere: so nothing is changed */
	put_text(&words, "?");
	put_text(&words, REDIS_TYPE_PLACED);
	return read_answer(
		script, call_script(script->session, &words, why), place, why);
}

static void put_delta(struct words *words, const struct redis_delta *delta)
{
	static struct redis_words entries[REDIS_ENTRIES_MAX];
	static char counts[REDIS_ENTRIES_MAX][REDIS_NUMBER_BYTES];
	for (size_t i = 0; i < delta->count; i++) {
		struct redis_words *entry = &entries[i];
		redis_delta_words(&delta->entries[i], entry);
		(void)snprintf(counts[i], sizeof(counts[i]), "%zu", entry->count);
		put_text(words, counts[i]);
		for (size_t j = 0; j < entry->count; j++) {
			add_word(words, entry->texts[j], entry->lens[j]);
		}
	}
}

bool redis_script_apply(struct redis_script *script, const struct redis_delta *delta,
	uint64_t end, uint64_t *place, struct reason *why)
{
	/* too large for the stack; one shipper per process */
	static struct words words;
	char keys[REDIS_NUMBER_BYTES];
	char from[REDIS_NUMBER_BYTES];
	char to[REDIS_NUMBER_BYTES];
	(void)snprintf(keys, sizeof(keys), "%zu", delta->key_count + 1);
	(void)snprintf(from, sizeof(from), "%" PRIu64, *place);
	(void)snprintf(to, sizeof(to), "%" PRIu64, end);
	put_head(&words, script, keys);
	for (size_t i = 0; i < delta->key_count; i++) {
		add_word(&words, delta->keys[i].name, delta->keys[i].len);
	}
	put_text(&words, script->journal);
	put_text(&words, from);
	put_text(&words, to);
	for (size_t i = 0; i < delta->key_count; i++) {
		put_text(&words, delta->keys[i].type);
	}
	put_delta(&words, delta);
	return read_answer(
		script, call_script(script->session, &words, why), place, why);
}
