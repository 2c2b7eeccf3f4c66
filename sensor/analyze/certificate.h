/*
 * analyze/certificate - what one X.509 certificate says of itself.
 *
 * In: the DER bytes of a leaf as seen on the wire. Out: struct facts_certificate.
 * Judges no chain and no revocation: a passive sensor has no trust store to
 * answer for. libcrypto (RFC 5280) is fenced here and in fingerprint. The last
 * few certificates read are remembered, bytes and all, since a server shows the
 * same one in every flow: one thread only. No key is decoded but to verify with
 * it, within a quota.
 */
#pragma once

#include "analyze/facts.h"
#include "base/quota.h"
#include "base/text.h"

/* Before a cage: have libcrypto read what files it wants. False when it does not start. */
bool certificate_start(void);

struct certificate_shown {
	struct text der;
	const char *sni; /* the name the client asked for, "" for none */
	bool is_alone;   /* no further certificate came with it */
};

/*
 * Sets visibility to FACTS_SEEN or FACTS_UNREADABLE. False: the latter, since to tell
 * whether it signed itself is dear, and whoever shows it had his share of that.
 */
bool certificate_read(const struct certificate_shown *shown, struct quota *quota,
	struct facts_certificate *out);

/* host is pattern, ASCII case apart; a leading "*." stands for one whole label (RFC 6125, 6.4.3). */
bool certificate_name_matches(struct text pattern, const char *host);
