/*
 * kind - one row per sort of flow the generator can make.
 *
 * mail.c and web.c hold the tables; each pick draws one row by weight.
 */
#pragma once

#include "place.h"
#include "script.h"

#include <stdint.h>

enum transport {
	TRANSPORT_TCP,
	TRANSPORT_UDP,
	TRANSPORT_TCP_REFUSED, /* SYN, answered by RST */
};

enum security {
	SECURITY_CLEAR,
	SECURITY_STARTTLS,
	SECURITY_IMPLICIT,
};

struct kind {
	uint32_t weight;
	enum transport transport;
	uint16_t port;
	enum place from, to;
	enum security security;
	/* Fills a cleared script; NULL for a flow in which nothing is said. */
	void (*write)(struct script *script, const struct kind *kind);
};

const struct kind *kind_pick(
	const struct kind *kinds, size_t count, struct random *random);

/* Each returns a row that lives as long as the program. */
const struct kind *mail_pick(struct random *random);
const struct kind *dialogue_pick(struct random *random); /* mail in 20 to 40 packets */
const struct kind *web_pick(struct random *random);      /* pages and downloads */
const struct kind *small_pick(struct random *random);    /* six to ten packets each */
