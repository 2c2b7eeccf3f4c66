#include "talk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first byte also chooses the protocol. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum protocol PROTOCOLS[] = {PROTOCOL_SMTP, PROTOCOL_SUBMISSION,
		PROTOCOL_LMTP, PROTOCOL_IMAP, PROTOCOL_POP3, PROTOCOL_SIEVE,
		PROTOCOL_SMTPS, PROTOCOL_TLS};
	if (size > 0) {
		talk_fuzz(PROTOCOLS[data[0] >> 1 & 7], data, size);
	}
	return 0;
}
