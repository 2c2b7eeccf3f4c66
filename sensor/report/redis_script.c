#include "report/redis_script.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD_WORDS 8 /* EVALSHA sha number key ... */

#define WORDS_MAX \
	(HEAD_WORDS + 2 * REDIS_KEYS_MAX + (REDIS_ENTRY_WORDS + 1) * REDIS_ENTRIES_MAX)

/*
 * KEYS: the place, then those of the delta. ARGV: journal, where it should stand, where
 * it will; the type of each key; then commands: how many words, verb, key, rest.
 * What would fail is looked for before anything is changed, and the place moves first:
 * then no error can make that commands are applied twice.
 */
static const char SCRIPT[] =
	"local place = redis.call('HGET', KEYS[1], ARGV[1]) or '0'\n"
	"if place ~= ARGV[2] then return {place, 0, ''} end\n"
	"for i = 2, #KEYS do\n"
	"  local found = redis.call('TYPE', KEYS[i]).ok\n"
	"  if found ~= 'none' and found ~= ARGV[2 + i] then\n"
	"    return redis.error_reply('WRONGTYPE ' .. KEYS[i] .. ' is a ' .. found)\n"
	"  end\n"
	"end\n"
	"redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])\n"
	"local at, refused, why = #KEYS + 3, 0, ''\n"
	"while at <= #ARGV do\n"
	"  local last = at + ARGV[at]\n"
	"  local key = KEYS[tonumber(ARGV[at + 2]) + 1]\n"
	"  local answer = redis.pcall(ARGV[at + 1], key, unpack(ARGV, at + 3, last))\n"
	"  if type(answer) == 'table' and answer.err then\n"
	"    refused, why = refused + 1, ARGV[at + 1] .. ': ' .. answer.err\n"
	"  end\n"
	"  at = last + 1\n"
	"end\n"
	"return {ARGV[3], refused, why}\n";

/* A command that is being put together. */
struct words {
	size_t count;
	const char *texts[WORDS_MAX];
	size_t lens[WORDS_MAX];
};

static void put(struct words *words, const char *text, size_t len)
{
	words->texts[words->count] = text;
	words->lens[words->count++] = len;
}

static void put_text(struct words *words, const char *text)
{
	put(words, text, strlen(text));
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
static struct redis_answer *run(
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
	put_head(&words, script, "1");
	put_text(&words, script->journal);
	put_text(&words, "?"); /* nowhere: so nothing is changed */
	return read_answer(script, run(script->session, &words, why), place, why);
}

static void put_delta(struct words *words, const struct redis_delta *delta)
{
	static char numbers[REDIS_ENTRIES_MAX][3][REDIS_NUMBER_BYTES];
	for (size_t i = 0; i < delta->count; i++) {
		const size_t at = words->count++;
		const size_t count = redis_delta_words(&delta->entries[i],
			words->texts + words->count, words->lens + words->count,
			numbers[i][0], numbers[i][1]);
		words->count += count;
		words->texts[at] = numbers[i][2];
		words->lens[at] = (size_t)snprintf(
			numbers[i][2], REDIS_NUMBER_BYTES, "%zu", count);
	}
}

bool redis_script_apply(struct redis_script *script, const struct redis_delta *delta,
	uint64_t end, uint64_t *place, struct reason *why)
{
	static struct words
		words; /* too large for the stack; one shipper per process */
	char keys[REDIS_NUMBER_BYTES];
	char from[REDIS_NUMBER_BYTES];
	char to[REDIS_NUMBER_BYTES];
	(void)snprintf(keys, sizeof(keys), "%zu", delta->key_count + 1);
	(void)snprintf(from, sizeof(from), "%" PRIu64, *place);
	(void)snprintf(to, sizeof(to), "%" PRIu64, end);
	put_head(&words, script, keys);
	for (size_t i = 0; i < delta->key_count; i++) {
		put(&words, delta->keys[i].name, delta->keys[i].len);
	}
	put_text(&words, script->journal);
	put_text(&words, from);
	put_text(&words, to);
	for (size_t i = 0; i < delta->key_count; i++) {
		put_text(&words, delta->keys[i].type);
	}
	put_delta(&words, delta);
	return read_answer(script, run(script->session, &words, why), place, why);
}
