/* Lines of records, as audits write them and as they are not: whatever they say, what is kept is whole. */
#include "dossier/audit_lines.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_at(const struct audited_subject *asked)
{
	for (size_t i = 0; i < asked->count; i++) {
		const struct audited_answer *answer = &asked->answers[i];
		if (answer->check[0] == '\0' || answer->state >= AUDIT_STATES ||
			answer->severity > SEVERITY_LOW ||
			strlen(answer->why) + strlen(answer->question) > SIZE_MAX / 2) {
			abort();
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dossier dossier = {.matrix = NULL};
	const char *at = (const char *)data;
	const char *const end = at + size;
	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		const size_t len = (size_t)((stop ? stop : end) - at);
		audited_line(&dossier.audited, at, len);
		at += len + 1;
	}
	audited_finish(&dossier.audited);
	for (size_t i = 0; i < dossier.audited.count; i++) {
		look_at(&dossier.audited.list[i]);
	}
	for (int i = 0; i < AUDIT_SUBJECTS; i++) {
		(void)audit_line(&dossier, (enum audit_subject)i);
	}
	audited_free(&dossier.audited);
	return 0;
}
