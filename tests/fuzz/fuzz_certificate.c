#include "analyze/certificate.h"
#include "analyze/tls_hello.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input is one DER certificate; its fields must be printable whatever it holds. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct facts_certificate out;
	struct quota quota = {.each = 1, .all = 1};
	const struct certificate_shown shown = {
		{data, size}, "mail.example.org", false};
	(void)certificate_read(&shown, &quota, &out);
	const char *const fields[] = {out.subject, out.issuer, out.names, out.key_type};
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		for (const char *at = fields[i]; *at != '\0'; at++) {
			if (*at < 0x20 || *at > 0x7e || *at == '"' || *at == '\\') {
				abort();
			}
		}
	}
	struct text leaf;
	bool is_alone = false;
	if (tls_certificate_leaf((struct text){data, size}, &leaf, &is_alone) &&
		leaf.len > size) {
		abort();
	}
	return 0;
}
