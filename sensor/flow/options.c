#include "flow/options.h"

#include "base/cursor.h"

enum {
	OPTION_END = 0,
	OPTION_NOTHING = 1,
	OPTION_SEGMENT = 2,
	OPTION_SCALE = 3,
	OPTION_TIMESTAMP = 8,
	OPTION_MD5 = 19,
	OPTION_AO = 29,
	OPTION_HEAD_BYTES = 2,
	SCALE_MAX = 14, /* RFC 7323 section 2.3 */
};

/*
 * How nearly all write a SYN: largest segment, selective acknowledgements, timestamps,
 * nothing, scale.
 */
#define SYN_USUAL       UINT32_C(0x0402080a) /* behind 4 bytes */
#define SYN_USUAL_SCALE UINT32_C(0x01030300) /* behind 16 */
#define SYN_USUAL_BYTES 20

static void read_option(struct tcp_options *options, uint8_t kind, struct cursor value)
{
	switch (kind) {
	case OPTION_SCALE:
		options->scale = cursor_u8(&value);
		options->scale =
			options->scale < SCALE_MAX ? options->scale : SCALE_MAX;
		options->has_scale = cursor_ok(&value);
		break;
	case OPTION_TIMESTAMP:
		options->timestamp = cursor_be32(&value);
		options->has_timestamp = cursor_ok(&value);
		break;
	case OPTION_MD5:
	case OPTION_AO:
		options->is_signed = true;
		break;
	default:
		break;
	}
}

/* Each turn takes a byte at least, of 40 at most. */
static void read_all(struct tcp_options *options, struct cursor cur)
{
	while (cursor_left(&cur) > 0) {
		const uint8_t kind = cursor_u8(&cur);
		if (kind == OPTION_END) {
			return;
		}
		if (kind == OPTION_NOTHING) {
			continue;
		}
		const uint8_t len = cursor_u8(&cur);
		const size_t value_len = (size_t)len - OPTION_HEAD_BYTES;
		const uint8_t *value =
			len < OPTION_HEAD_BYTES ? NULL : cursor_take(&cur, value_len);
		if (!value || !cursor_ok(&cur)) {
			return;
		}
		read_option(options, kind, cursor_over(value, value_len));
	}
}

static bool is_usual_syn(const uint8_t *bytes)
{
	return bytes[0] == OPTION_SEGMENT && options_word(bytes + 4) == SYN_USUAL &&
	       (options_word(bytes + 16) & ~(uint32_t)15) == SYN_USUAL_SCALE;
}

struct tcp_options options_parse(const struct packet *packet)
{
	struct tcp_options options = {0};
	const uint8_t *bytes = packet->options;
	if (packet->options_len == SYN_USUAL_BYTES && is_usual_syn(bytes)) {
		options.timestamp = options_word(bytes + 8);
		options.has_timestamp = true;
		read_option(&options, OPTION_SCALE, cursor_over(bytes + 19, 1));
	} else {
		read_all(&options, cursor_over(bytes, packet->options_len));
	}
	return options;
}
