/*
 * analyze/certificate - what one X.509 certificate says of itself.
 *
 * In: the DER bytes of a leaf as seen on the wire. Out: struct facts_certificate.
 * Judges no chain and no revocation: a passive sensor has no trust store to
 * answer for. libcrypto (RFC 5280) is fenced here and in fingerprint. The last
 * few certificates read are remembered, since a server shows the same one in
 * every flow and a digest costs a fraction of parsing: one thread only.
 */
#pragma once

#include "analyze/facts.h"
#include "base/text.h"

/* Before a cage: have libcrypto read what files it wants. False when it does not start. */
bool certificate_start(void);

/*
 * sni: the name the client asked for, "" for none. is_alone: no further
 * certificate came with it. Sets visibility to FACTS_SEEN or FACTS_UNREADABLE.
 */
void certificate_read(
	struct text der, const char *sni, bool is_alone, struct facts_certificate *out);

/* The subject alone, RFC 2253; "" when der is no certificate. */
void certificate_subject(struct text der, char *field, size_t size);

/* host is pattern, ASCII case apart; a leading "*." stands for one whole label (RFC 6125, 6.4.3). */
bool certificate_name_matches(struct text pattern, const char *host);
