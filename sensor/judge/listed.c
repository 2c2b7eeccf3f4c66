#include "judge/listed.h"

#include "judge/findings.h"

#include <stdio.h>

static bool is_denied(const struct lists_match *match)
{
	return match->entry != LISTS_NONE && match->kind != MATRIX_LIST_ALLOW;
}

static enum listed_end gravest(const struct listed *listed)
{
	unsigned told = LISTED_ENDS;
	for (unsigned i = 0; i < LISTED_ENDS; i++) {
		const struct lists_match *match = &listed->ends[i];
		if (is_denied(match) &&
			(told == LISTED_ENDS ||
				match->severity < listed->ends[told].severity)) {
			told = i;
		}
	}
	return (enum listed_end)told;
}

void listed_find(const struct judge_case *judged, struct listed *listed)
{
	const struct observation *observation = judged->observation;
	const struct lists *lists = observation->lists;
	const int64_t now_s = (int64_t)(observation->now_us / 1000000);
	for (unsigned i = 0; i < LISTED_ENDS; i++) {
		listed->ends[i].entry = LISTS_NONE;
	}
	listed->told = LISTED_ENDS;
	if (!lists) {
		return;
	}
	listed->ends[LISTED_CLIENT] =
		lists_find_address(lists, &observation->client, now_s);
	listed->ends[LISTED_SERVER] =
		lists_find_address(lists, &observation->server, now_s);
	if (judged->facts->mail_from_domain[0] != '\0' &&
		listed->ends[LISTED_CLIENT].kind != MATRIX_LIST_ALLOW) {
		listed->ends[LISTED_DOMAIN] = lists_find_domain(
			lists, judged->facts->mail_from_domain, now_s);
	}
	listed->told = gravest(listed);
}

static const char *since(const struct lists_entry *entry, char *text, size_t size)
{
	char day[16];
	text[0] = '\0';
	if (entry->added_s > 0) {
		(void)snprintf(
			text, size, " since %s", finding_date(entry->added_s, day));
	}
	return text;
}

static const char *until(const struct lists_entry *entry, char *text, size_t size)
{
	char day[16];
	text[0] = '\0';
	if (entry->expires_s > 0) {
		(void)snprintf(text, size, " until %s",
			finding_date(entry->expires_s - 1, day));
	}
	return text;
}

bool finding_sender_listed(const struct judge_case *judged, struct finding_note *note)
{
	static const char *const NAMES[] = {[LISTED_CLIENT] = "client",
		[LISTED_SERVER] = "server",
		[LISTED_DOMAIN] = "sender's domain"};
	const struct listed *listed = judged->listed;
	struct lists_entry entry;
	char from[32];
	char to[32];
	if (listed->told == LISTED_ENDS || judged->is_foreign ||
		!judge_is_mail(judged->observation->protocol)) {
		return false;
	}
	const struct lists_match *match = &listed->ends[listed->told];
	note->severity = (enum severity)match->severity;
	if (note->detail == NULL) {
		return true;
	}
	lists_describe(judged->observation->lists, match->entry, &entry);
	return finding_note_set(note, "%s: %.43s on list %.24s%s%s%s%.40s",
		NAMES[listed->told], entry.text, entry.list->name,
		since(&entry, from, sizeof(from)), until(&entry, to, sizeof(to)),
		entry.reason[0] != '\0' ? ", " : "", entry.reason);
}
