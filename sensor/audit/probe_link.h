/*
 * audit/probe_link - one connection to a server that is asked: TCP, then TLS over it, and
 * lines both ways.
 *
 * Everything that the server says is hostile: a line, the lines of an answer and the time
 * are bounded. Knows no protocol of mail. Every call waits until the end_us of its time at
 * most (monotonic). SIGPIPE is not raised.
 */
#pragma once

#include "audit/tls_offer.h"
#include "base/address.h"
#include "base/reason.h"

#include <stdint.h>

#define PROBE_LINE_BYTES 4096 /* eight times what RFC 5321 4.5.3.1.5 allows */
#define PROBE_LINES_MAX  128  /* of one answer */

enum probe_result {
	PROBE_DONE = 0,
	PROBE_REFUSED, /* the server said no */
	PROBE_BUSY,    /* 421: later, perhaps */
	PROBE_LATE,    /* no answer in time */
	PROBE_LOST,    /* no connection, or it broke */
	PROBE_ODD,     /* no answer that this protocol has */
};

/* How long is waited, in microseconds: for one answer, and for all there is to ask. */
struct probe_patience {
	uint64_t answer_us;
	uint64_t end_us; /* monotonic */
};

struct probe_link {
	int file;              /* -1: none */
	struct tls_wire *wire; /* NULL: in clear */
	const struct probe_patience *patience;
	uint64_t end_us;   /* of this connection */
	struct reason why; /* of a result that is not PROBE_DONE */
	size_t at;         /* of the bytes read, those taken */
	size_t len;
	char bytes[PROBE_LINE_BYTES];
	char line[PROBE_LINE_BYTES]; /* the last one, as text without its end */
};

/* PROBE_LATE or PROBE_LOST: nothing is open then. */
enum probe_result probe_link_open(struct probe_link *link,
	const struct address *address, uint16_t port,
	const struct probe_patience *patience);
void probe_link_close(struct probe_link *link);

/* The own address, as EHLO names it: RFC 5321, section 4.1.3. */
void probe_link_own_name(const struct probe_link *link, char *text, size_t size);

enum probe_result probe_link_write(struct probe_link *link, const char *text);

/* One line into link->line; what is no text in it is '?'. */
enum probe_result probe_link_line(struct probe_link *link);

/* Bytes that came and were not asked for yet. */
bool probe_link_has_more(const struct probe_link *link);

/*
 * Shake hands. PROBE_REFUSED: the server wants none of the offer. What is left in clear is
 * forgotten: it was said by whoever was there before TLS.
 */
enum probe_result probe_link_start_tls(struct probe_link *link,
	const struct tls_offers *offers, enum tls_offer offer, const char *name);
