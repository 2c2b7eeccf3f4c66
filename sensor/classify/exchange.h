/*
 * classify/exchange - how Exchange and Outlook name their services on the wire.
 *
 * In: an interface UUID of DCE/RPC, or the request line of HTTP/1.x. Out: the mail
 * service that it asks for. A name is a claim: only the server's answer shows that
 * the service is there (analyze/). MS-OXCRPC, MS-NSPI, MS-OXABREF, MS-OXCMAPIHTTP,
 * MS-RPCH, MS-ASHTTP.
 */
#pragma once

#include "base/text.h"
#include "classify/protocol.h"

#define EXCHANGE_UUID_BYTES 16

/* An interface of MAPI over RPC; the UUID stands as on the wire, whose byte order is given. */
bool exchange_is_interface(const uint8_t uuid[EXCHANGE_UUID_BYTES], bool is_little);

/* The endpoint mapper: C706 appendix O. */
bool exchange_is_endpoint_mapper(
	const uint8_t uuid[EXCHANGE_UUID_BYTES], bool is_little);

/*
 * The service that a request line asks for (RFC 9112 section 3): method and target, the
 * target in origin or absolute form and what follows it. PROTOCOL_HTTP: none of them.
 */
enum protocol exchange_of_request(struct text method, struct text target);

/* The same of a path that is plain already (classify/request_path), without RPC's methods. */
enum protocol exchange_of_path(struct text method, struct text path);
