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

static bool is_over(const struct record_rate_minute *minute, uint64_t now_us)
{
	return minute->first_us == 0 || now_us < minute->first_us ||
	       now_us - minute->first_us >= WINDOW_US;
}

bool record_rate_pass(
	struct record_rate *rate, const struct address *sender, uint64_t now_us)
{
	struct record_rate_minute *minute = &rate->minutes[place_of(rate, sender)];
	if (is_over(minute, now_us)) {
		minute->first_us = now_us > 0 ? now_us : 1;
		minute->given = 0; /* what was held stays until it is told */
	}
	if (rate->most > 0 && minute->given >= rate->most) {
		minute->held++;
		rate->held++;
		if (sender) {
			minute->address = *sender;
		}
		return false;
	}
	minute->given++;
	return true;
}

/* RECORD_RATE_SENDERS steps. */
bool record_rate_due(
	struct record_rate *rate, uint64_t now_us, struct record_rate_held *held)
{
	*held = (struct record_rate_held){0};
	for (size_t i = 0; i <= ANYBODY; i++) {
		struct record_rate_minute *minute = &rate->minutes[i];
		if (minute->held == 0 || !is_over(minute, now_us)) {
			continue;
		}
		held->records += minute->held;
		held->senders++;
		if (minute->held > held->most) {
			held->most = minute->held;
			held->address = i == ANYBODY ? NULL : &minute->address;
		}
		minute->held = 0;
	}
	return held->records > 0;
}
