#include "judge/record_rate.h"

#define WINDOW_US UINT64_C(60000000)
#define ANYBODY   RECORD_RATE_SENDERS

static size_t place_of(const struct record_rate *rate, const struct address *sender)
{
	uint64_t words[2];
	if (!sender) {
		return ANYBODY;
	}
	memcpy(words, sender->bytes, sizeof(words));
	return hash_words(&rate->seed, words, address_is_ipv4(sender) ? 2 : 1) %
	       RECORD_RATE_SENDERS;
}

/* Processes that share it are not at the same moment: a small step back is none. */
static bool is_over(uint64_t first_us, uint64_t now_us)
{
	return first_us == 0 ||
	       (now_us < first_us ? first_us - now_us : now_us - first_us) >= WINDOW_US;
}

/* One of those who see that it is over; what was held stays until it is told. */
static void begin_minute(struct record_rate_minute *minute, uint64_t now_us)
{
	uint64_t first_us = minute->first_us;
	if (is_over(first_us, now_us) &&
		atomic_compare_exchange_strong(
			&minute->first_us, &first_us, now_us > 0 ? now_us : 1)) {
		minute->come = 0;
	}
}

/* Who finds nothing held writes the name, and nobody else until that is taken. */
static void hold(struct record_rate_minute *minute, const struct address *sender)
{
	if (atomic_fetch_add(&minute->held, 1) == 0) {
		minute->address = sender ? *sender : (struct address){.bytes = {0}};
		minute->is_named = 1;
	}
}

bool record_rate_pass(
	struct record_rate *rate, const struct address *sender, uint64_t now_us)
{
	struct record_rate_minute *minute = &rate->minutes[place_of(rate, sender)];
	begin_minute(minute, now_us);
	if (atomic_fetch_add(&minute->come, 1) >= rate->most && rate->most > 0) {
		hold(minute, sender);
		return false;
	}
	return true;
}

static void take(struct record_rate_minute *minute, bool is_anybody,
	struct record_rate_held *held)
{
	const struct address address = minute->address;
	const uint32_t records = atomic_exchange(&minute->held, 0);
	held->records += records;
	held->senders++;
	if (records > held->most) {
		held->most = records;
		held->is_anybody = is_anybody;
		held->address = address;
	}
}

/* RECORD_RATE_SENDERS steps. */
bool record_rate_due(
	struct record_rate *rate, uint64_t now_us, struct record_rate_held *held)
{
	*held = (struct record_rate_held){0};
	for (size_t i = 0; i <= ANYBODY; i++) {
		struct record_rate_minute *minute = &rate->minutes[i];
		if (minute->is_named && is_over(minute->first_us, now_us) &&
			atomic_exchange(&minute->is_named, 0)) {
			take(minute, i == ANYBODY, held);
		}
	}
	return held->records > 0;
}
