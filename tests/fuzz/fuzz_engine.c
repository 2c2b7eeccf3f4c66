#include "engine/engine.h"
#include "matrix/load.h"
#include "report/json.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	LINK_RAW_IP = 12,
	IP_BYTES = 20,
	TCP_BYTES = 20,
	PIECE_BYTES_MAX = 1400,
	HOLE_BYTES = 37,
	STEP_BACK_BYTES = 5,
	STEP_US = 50000,
};

/* What the byte behind a control byte says of its piece. */
enum odd {
	ODD_HOLE = 0x01,
	ODD_STEP_BACK = 0x02,
	ODD_FEW_HOPS = 0x04,
	ODD_URGENT = 0x08,
	ODD_OVERLAPPED = 0x10,
	ODD_FIN = 0x20,
	ODD_SUM = 0x40,
	ODD_TUNNEL = 0x80,
	ODD_SYN = 0xfe, /* these two instead of all */
	ODD_RST = 0xff,
};

static const char MATRIX[] =
	"schema: 1\n"
	"zones: {office: [10.0.0.0/8]}\n"
	"groups: {relay: {role: relay, service: office, addresses: [10.0.0.2]}}\n"
	"rows:\n"
	"  - {id: r1, from: relay, to: internet, protocols: [smtp], tls: offered}\n";

struct line { /* one connection */
	uint16_t port[2];
	uint32_t next[2];
	uint64_t now_us;
};

struct piece {
	unsigned side;
	uint8_t odd;
	const uint8_t *bytes;
	size_t len;
};

static FILE *the_out;

static void on_alert(void *context, const struct record *record, enum finding finding,
	const struct fold_count *count)
{
	(void)context;
	json_alert(the_out, record, finding, count);
}

static void on_mail(void *context, const struct record *record)
{
	(void)context;
	json_mail(the_out, record);
}

static struct engine *start(void)
{
	const struct matrix_source source = {"fuzz.yaml", MATRIX, sizeof(MATRIX) - 1};
	struct matrix_problems problems;
	struct reason why;
	struct matrix *matrix = matrix_load_sources(&source, 1, &problems);
	if (!matrix) {
		(void)fprintf(stderr, "%s\n", problems.list[0].text);
		abort();
	}
	const struct engine_settings settings = {.matrix = matrix,
		.seed = {{1, 2}},
		.flows = 16,
		.watched = 4,
		.fold_window_us = 60000000,
		.is_every_reason_wanted = true,
		.host = "sensor",
		.event_prefix = "fuzz"};
	const struct engine_outputs outputs = {.alert = on_alert, .mail = on_mail};
	struct engine *engine = engine_new(&settings, &outputs, &why);
	the_out = fopen("/dev/null", "w");
	if (!engine || !the_out) {
		abort();
	}
	return engine;
}

static void put_be16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put_be32(uint8_t *at, uint32_t value)
{
	put_be16(at, value >> 16);
	put_be16(at + 2, value);
}

static void put_ip(uint8_t *at, size_t len, uint8_t protocol, unsigned side)
{
	at[0] = 0x45;
	put_be16(at + 2, (uint32_t)len);
	at[8] = 64;
	at[9] = protocol;
	put_be32(at + 12, 0x0a000001U + side);
	put_be32(at + 16, 0x0a000001U + !side);
}

static void put_tcp(uint8_t *at, const struct line *line, unsigned side, uint8_t flags)
{
	put_be16(at, line->port[side]);
	put_be16(at + 2, line->port[!side]);
	put_be32(at + 4, line->next[side]);
	put_be32(at + 8, line->next[!side]);
	at[12] = TCP_BYTES / 4 << 4;
	at[13] = flags;
}

static uint8_t flags_of(uint8_t odd)
{
	if (odd == ODD_RST) {
		return TCP_RST;
	}
	if (odd == ODD_SYN) {
		return TCP_SYN;
	}
	return (uint8_t)(TCP_ACK | (odd & ODD_FIN ? TCP_FIN : 0) |
			 (odd & ODD_URGENT ? 0x20 : 0));
}

static void put_sum(uint8_t *ip, uint8_t *tcp, size_t len)
{
	const struct address src = address_from_ipv4(ip + 12);
	const struct address dst = address_from_ipv4(ip + 16);
	const struct checksum_pseudo pseudo = {.src = &src,
		.dst = &dst,
		.len = (uint32_t)(TCP_BYTES + len),
		.protocol = IPPROTO_TCP};
	put_be16(tcp + 16, checksum_segment_make(tcp, &pseudo));
}

/* A frame whose turn it is. */
static void send_frame(
	struct engine *engine, struct line *line, const uint8_t *bytes, size_t len)
{
	line->now_us += STEP_US;
	const struct frame sent = {.time_us = line->now_us,
		.bytes = bytes,
		.captured_len = (uint32_t)len,
		.wire_len = (uint32_t)len,
		.link_type = LINK_RAW_IP};
	engine_frames(engine, &sent, 1);
}

/* Where the piece stands in its side's stream, and what is odd of its headers. */
static void be_odd(struct line *line, const struct piece *piece, uint8_t *ip)
{
	const uint8_t odd = piece->odd;
	uint32_t *next = &line->next[piece->side];
	*next += odd & ODD_HOLE ? HOLE_BYTES : 0;
	*next -= odd & ODD_STEP_BACK ? STEP_BACK_BYTES : 0;
	ip[8] = odd & ODD_FEW_HOPS ? 3 : 64;
	put_be16(ip + IP_BYTES + 18, odd & ODD_URGENT ? 2 : 0);
}

/* One piece as an exact heap copy of its frame. */
static void send_piece(
	struct engine *engine, struct line *line, const struct piece *piece)
{
	const uint8_t odd = piece->odd < ODD_SYN ? piece->odd : 0;
	const size_t outer_len = odd & ODD_TUNNEL ? IP_BYTES : 0;
	const size_t inner_len = IP_BYTES + TCP_BYTES + piece->len;
	uint8_t *frame = calloc(1, outer_len + inner_len);
	if (!frame) {
		abort();
	}
	uint8_t *ip = frame + outer_len;
	uint8_t *tcp = ip + IP_BYTES;
	put_ip(frame, outer_len + inner_len, IPPROTO_IPIP, piece->side);
	put_ip(ip, inner_len, IPPROTO_TCP, piece->side);
	if (odd) {
		be_odd(line, piece, ip);
	}
	put_tcp(tcp, line, piece->side, flags_of(piece->odd));
	memcpy(tcp + TCP_BYTES, piece->bytes, piece->len);
	put_sum(ip, tcp, piece->len);
	tcp[16] ^= (odd & ODD_SUM) != 0;
	send_frame(engine, line, frame, outer_len + inner_len);
	free(frame);
	if (!(odd & ODD_OVERLAPPED)) {
		line->next[piece->side] +=
			(uint32_t)piece->len + (piece->odd == ODD_SYN);
	}
}

static void shake_hands(struct engine *engine, struct line *line)
{
	uint8_t frame[IP_BYTES + TCP_BYTES] = {0};
	const struct piece syn = {.odd = ODD_SYN, .bytes = frame};
	send_piece(engine, line, &syn);
	put_ip(frame, sizeof(frame), IPPROTO_TCP, 1);
	put_tcp(frame + IP_BYTES, line, 1, TCP_SYN | TCP_ACK);
	put_sum(frame, frame + IP_BYTES, 0);
	send_frame(engine, line, frame, sizeof(frame));
	line->next[1]++;
}

/* Takes one piece off the front of the input. */
static void take_piece(const uint8_t **at, const uint8_t *end, struct piece *piece)
{
	const uint8_t control = *(*at)++;
	piece->side = control >> 7;
	piece->odd = control & 0x40 && *at < end ? *(*at)++ : 0;
	piece->bytes = *at;
	piece->len = control & 63;
	const size_t left = (size_t)(end - *at);
	if (piece->len > 0) {
		piece->len = piece->len < left ? piece->len : left;
		*at += piece->len;
		return;
	}
	const uint8_t *zero = memchr(*at, 0, left);
	piece->len = zero ? (size_t)(zero - *at) : left;
	*at += piece->len + (zero != NULL);
	piece->len = piece->len < PIECE_BYTES_MAX ? piece->len : PIECE_BYTES_MAX;
}

/*
 * First byte: the server's port, and bit 7 for mid-stream. Then pieces: one control byte
 * (bit 7: side, bit 6: a byte of enum odd follows) with a length of 0..63 in its low
 * bits, and that many bytes. A piece of length 0 takes all bytes up to the next zero byte.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t PORTS[] = {
		25, 8080, 3128, 143, 110, 80, 135, 53, 443, 587};
	static struct engine *engine;
	static uint64_t now_us = UINT64_C(1800000000000000);
	if (size == 0) {
		return 0;
	}
	engine = engine ? engine : start();
	struct line line = {.port = {40000, PORTS[(data[0] & 0x7f) % 10]},
		.next = {1000, 4294967200U},
		.now_us = now_us};
	if (!(data[0] & 0x80)) {
		shake_hands(engine, &line);
	}
	for (const uint8_t *at = data + 1; at < data + size;) {
		struct piece piece;
		take_piece(&at, data + size, &piece);
		send_piece(engine, &line, &piece);
	}
	engine_drain(engine);
	now_us = line.now_us + 120000000;
	return 0;
}
