#include "analyze/dns.h"
#include "analyze/dns_answer.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use(struct text message)
{
	struct dns_question question;
	if (dns_read_question(message, &question) &&
		strlen(question.name) >= DNS_NAME_BYTES) {
		abort();
	}
}

static void use_records(struct text message)
{
	struct dns_asked asked;
	struct dns_records records;
	struct dns_record record;
	if (!dns_read_asked(message, &asked, &records)) {
		return;
	}
	while (dns_next_record(&records, &record)) {
		if (strlen(record.owner) >= DNS_HOST_BYTES) {
			abort();
		}
	}
}

/* As a datagram, and as the stream of a TCP client, or of a server. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dns_stream stream = {.seen = 0, .is_of_server = size % 2 == 1};
	uint8_t kept[DNS_QUERY_BYTES];
	struct text bytes = {data, size};
	struct text message;
	use(bytes);
	use_records(bytes);
	while (dns_stream_take(&stream, kept, sizeof(kept), &bytes, &message) ==
		DNS_STREAM_MESSAGE) {
		use(message);
	}
	return 0;
}
