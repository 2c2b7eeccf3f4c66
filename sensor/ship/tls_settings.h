/*
 * ship/tls_settings - what an output may say of TLS: its files, and who the receiver is.
 *
 * The keys are the same for every output that has TLS, whatever its library. Opens no
 * file: a library, or who lends to it, does.
 */
#pragma once

#include "base/reason.h"
#include "base/schema.h"

extern const char *const TLS_CHECKS[]; /* name, fingerprint */

#define TLS_KEYS                                                                       \
	{.name = "ca", .help = "file of the authorities that may vouch for it (PEM)"}, \
		{.name = "certificate", .help = "file of our own certificate (PEM)"},  \
		{.name = "key", .help = "file of its private key (PEM)"},              \
		{.name = "check",                                                      \
			.help = "what of its certificate: name (and that it is "       \
				"valid), or fingerprint",                              \
			.kind = SCHEMA_WORD,                                           \
			.words = TLS_CHECKS,                                           \
			.standard = "name"},                                           \
	{                                                                              \
		.name = "peers",                                                       \
		.help = "names that it may have (default: its own), or "               \
			"fingerprints (SHA256:..)",                                    \
		.kind = SCHEMA_LIST                                                    \
	}

/* Whether its fingerprint is what must be right, and not its name. */
bool tls_settings_is_by_fingerprint(const struct schema_values *values);

/* Whoever goes by fingerprints names some. */
bool tls_settings_check(const struct schema_values *values, struct reason *why);
