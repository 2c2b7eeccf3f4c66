#include "ship/tls_settings.h"

#include <string.h>

const char *const TLS_CHECKS[] = {"name", "fingerprint", NULL};

bool tls_settings_is_by_fingerprint(const struct schema_values *values)
{
	return strcmp(schema_text(values, "check"), TLS_CHECKS[1]) == 0;
}

bool tls_settings_check(const struct schema_values *values, struct reason *why)
{
	return !tls_settings_is_by_fingerprint(values) ||
	       schema_count(values, "peers") > 0 ||
	       reason_set(why, "check: fingerprint needs peers: [SHA256:...]");
}
