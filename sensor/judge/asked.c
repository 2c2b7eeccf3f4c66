#include "judge/asked.h"

#include <assert.h>
#include <string.h>

/* Of the highest bits of a sum of products; odd, and none near another (Knuth 6.4). */
static const uint64_t FACTORS[ASKED_WORDS] = {UINT64_C(0x9e3779b97f4a7c15),
	UINT64_C(0xbf58476d1ce4e5b9), UINT64_C(0x94d049bb133111eb),
	UINT64_C(0xd6e8feb86659fd93), UINT64_C(0xa0761d6478bd642f),
	UINT64_C(0xe7037ed1a0b428db)};

void asked_clear(struct asked *asked)
{
	memset(asked, 0, sizeof(*asked));
}

/* Names known to be the end's, or asked for, are many: those are looked up each time. */
static bool is_telling(const struct matrix_named *named)
{
	return named && (named->count > 0 || named->claimed);
}

/* Of one that tells nothing. */
static uint64_t named_bits(const struct matrix_named *named)
{
	if (!named) {
		return 0;
	}
	return named->is_open ? 2 : 1;
}

/* Answers that are still open, two bits each. */
static uint64_t tls_bits(const struct matrix_question *question)
{
	return (uint64_t)question->is_encrypted | (uint64_t)question->is_starttls << 2 |
	       (uint64_t)question->is_implicit << 4 |
	       (uint64_t)question->is_tls_offered << 6 |
	       (uint64_t)question->is_probe << 8 |
	       (uint64_t)question->has_clear_content << 10 |
	       (uint64_t)question->has_client_certificate << 12 |
	       (uint64_t)question->tls_version << 14; /* 16 bits */
}

/* All that an answer depends on. */
static void words_of(
	const struct matrix_question *question, uint64_t words[ASKED_WORDS])
{
	_Static_assert(PROTOCOL_COUNT <= 64, "six bits hold a protocol");
	words[0] = (uintptr_t)question->from.group;
	words[1] = (uintptr_t)question->from.zone;
	words[2] = (uintptr_t)question->to.group;
	words[3] = (uintptr_t)question->to.zone;
	words[4] = (uint64_t)question->now_s;
	words[5] = 1 | (uint64_t)question->from.is_named << 1 |
		   (uint64_t)question->to.is_named << 2 |
		   named_bits(question->from_named) << 3 |
		   named_bits(question->to_named) << 5 |
		   (uint64_t)question->protocol << 7 | (uint64_t)question->port << 13 |
		   tls_bits(question) << 29;
}

static size_t place_of(const uint64_t *words, size_t count)
{
	_Static_assert(ASKED_PLACES == 1 << 8, "eight bits are one of them");
	uint64_t sum = 0;
	for (size_t i = 0; i < count; i++) {
		sum += words[i] * FACTORS[i];
	}
	return (sum ^ sum >> 29) * FACTORS[0] >> 56;
}

static bool is_same(
	const struct asked_answer *answer, const uint64_t words[ASKED_WORDS])
{
	uint64_t different = 0;
	for (size_t i = 0; i < ASKED_WORDS; i++) {
		different |= answer->question[i] ^ words[i];
	}
	return different == 0;
}

void asked_matrix(struct asked *asked, const struct matrix *matrix,
	const struct matrix_question *question, struct matrix_result *result)
{
	assert(question->is_brief);
	if (is_telling(question->from_named) || is_telling(question->to_named)) {
		matrix_ask(matrix, question, result);
		return;
	}
	uint64_t words[ASKED_WORDS];
	words_of(question, words);
	struct asked_answer *answer = &asked->answers[place_of(words, ASKED_WORDS)];
	if (!is_same(answer, words)) {
		matrix_ask(matrix, question, result);
		*answer = (struct asked_answer){.allowed = result->allowed,
			.failed = result->failed,
			.waits_for = result->waits_for,
			.row = result->row,
			.nearest = result->nearest};
		memcpy(answer->question, words, sizeof(words));
		return;
	}
	result->allowed = answer->allowed;
	result->failed = answer->failed;
	result->waits_for = answer->waits_for;
	result->row = answer->row;
	result->nearest = answer->nearest;
	result->reason[0] = '\0';
}

struct matrix_end asked_locate(
	struct asked *asked, const struct matrix *matrix, const struct address *address)
{
	uint64_t words[2];
	memcpy(words, address->bytes, sizeof(words));
	struct asked_host *host = &asked->hosts[place_of(words, 2)];
	if (!host->end.zone || !address_equal(&host->address, address)) {
		*host = (struct asked_host){*address, matrix_locate(matrix, address)};
	}
	return host->end;
}
