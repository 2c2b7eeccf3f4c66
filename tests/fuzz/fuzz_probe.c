/* What a server that is asked answers, whichever protocol: by a socket whose other end is done. */
#include "audit/probe_words.h"
#include "base/clock.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(const struct probe_words *words, struct probe_link *link)
{
	struct probe_offer offer;
	bool is_answered = false;
	if (probe_greeting(words, link, &offer) == PROBE_DONE &&
		probe_list(words, link, &offer) == PROBE_DONE) {
		(void)probe_starttls(words, link);
	}
	(void)probe_look_for_more(words, link, &is_answered);
	if (strlen(link->why.text) >= sizeof(link->why.text) ||
		strlen(offer.sign_in) >= sizeof(offer.sign_in)) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum protocol ASKED[] = {PROTOCOL_SMTP, PROTOCOL_LMTP,
		PROTOCOL_IMAP, PROTOCOL_POP3, PROTOCOL_SIEVE};
	static struct probe_link link;
	const struct probe_patience patience = {
		.answer_us = 1000000, .end_us = clock_monotonic_us() + 1000000};
	int ends[2];
	if (size < 1 ||
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) != 0) {
		return 0;
	}
	(void)!write(ends[1], data + 1, size - 1); /* what does not fit is not said */
	(void)shutdown(ends[1], SHUT_WR);
	link = (struct probe_link){
		.file = ends[0], .patience = &patience, .end_us = patience.end_us};
	ask(probe_words_of(ASKED[data[0] % (sizeof(ASKED) / sizeof(ASKED[0]))]), &link);
	probe_link_close(&link);
	(void)close(ends[1]);
	return 0;
}
