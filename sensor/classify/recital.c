#include "classify/recital.h"

/* Commands of mail, whoever else has them. */
#define CLIENT_OF_MAIL                                                             \
	(CLIENT_EHLO | CLIENT_LHLO | CLIENT_MAIL | CLIENT_RCPT | CLIENT_STARTTLS | \
		CLIENT_SMTP_ONLY | CLIENT_AUTH | CLIENT_SHARED | CLIENT_USER |     \
		CLIENT_PASS | CLIENT_POP3 | CLIENT_POP3_SHARED | CLIENT_IMAP |     \
		CLIENT_SIEVE | CLIENT_SASL_QUOTED)

/* Bytes of text at the front; all else may hide a command from us that a server takes. */
static size_t text_len(struct text bytes, bool is_of_lines)
{
	size_t len = 0;
	while (len < bytes.len &&
		(bytes.at[len] >= ' ' || bytes.at[len] == '\t' ||
			(is_of_lines &&
				(bytes.at[len] == '\r' || bytes.at[len] == '\n')))) {
		len++;
	}
	return len;
}

/* One line and no command of mail, and all of it before the server's first word. */
static bool is_one_request(
	const struct prefix *prefix, const struct traits *traits, unsigned client)
{
	const size_t len = prefix->len[client];
	if (len == 0 || !prefix_is_first(prefix, client) ||
		prefix->runs[0].len != len || prefix->has_gap[client] ||
		prefix_is_full(prefix, client) ||
		(traits->client & CLIENT_OF_MAIL) != 0) {
		return false;
	}
	const struct text all = {prefix->bytes[client], len};
	const size_t line = text_len(all, false);
	const struct text rest = {all.at + line, len - line};
	return rest.len > 0 && text_trim(rest).len == 0;
}

/* Joined in mid-stream: what it asked for may have gone by, or is still to be heard. */
static bool is_yet_to_speak(
	const struct prefix *prefix, const struct classify_hint *hint, unsigned client)
{
	return !hint->is_client_known && !hint->is_ended && prefix->len[client] == 0 &&
	       !prefix->has_gap[client];
}

bool recital_is_mute(
	const struct prefix *prefix, const struct classify_hint *hint, unsigned side)
{
	return hint->is_mute[side] && !prefix->has_gap[side];
}

/*
 * Who was asked for the connection says no word of mail: then whoever opened it serves none,
 * with whatever lines.
 */
static bool is_turned_to_nobody(const struct prefix *prefix,
	const struct classify_hint *hint, const struct traits *traits, unsigned client)
{
	const struct text said = {prefix->bytes[client], prefix->len[client]};
	return client != hint->client_side && hint->is_client_known &&
	       hint->is_server_captured && !prefix->has_gap[client] &&
	       (traits->client & CLIENT_OF_MAIL) == 0 &&
	       text_len(said, true) == said.len;
}

bool recital_is_unasked(const struct prefix *prefix, const struct classify_hint *hint,
	const struct classification *result, const struct traits *traits,
	unsigned client)
{
	if (is_turned_to_nobody(prefix, hint, traits, client)) {
		return true;
	}
	if (result->slides > 0) {
		return result->is_unasked && prefix->len[client] == 0;
	}
	return recital_is_mute(prefix, hint, client) ||
	       is_yet_to_speak(prefix, hint, client) ||
	       is_one_request(prefix, traits, client);
}
