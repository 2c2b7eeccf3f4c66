#include "engine/answer.h"

static const char REFUSAL[] =
	"554 5.7.1 Mail from here is not allowed by the site's flow policy\r\n";

static const char DEFERRAL[] =
	"451 4.7.1 Mail from here is not taken for now, try again later\r\n";

_Static_assert(sizeof(DEFERRAL) <= INJECT_TEXT_BYTES, "so does it");
_Static_assert(sizeof(REFUSAL) <= INJECT_TEXT_BYTES, "fits a segment");

/* What the packet takes of its sender's numbers. */
static uint32_t packet_numbers(const struct packet *packet)
{
	return packet->payload_wire_len + ((packet->tcp_flags & TCP_SYN) != 0) +
	       ((packet->tcp_flags & TCP_FIN) != 0);
}

static struct inject_segment *add(struct answers *answers, uint8_t flags)
{
	struct inject_segment *segment = &answers->list[answers->count++];
	*segment = (struct inject_segment){.flags = flags};
	return segment;
}

/* As if by the packet's receiver, back to its sender. */
static struct inject_segment *add_back(
	struct answers *answers, const struct packet *packet, uint8_t flags)
{
	struct inject_segment *segment = add(answers, flags);
	segment->src = packet->dst;
	segment->dst = packet->src;
	segment->src_port = packet->dst_port;
	segment->dst_port = packet->src_port;
	segment->sequence = packet->tcp_flags & TCP_ACK ? packet->acknowledgement : 0;
	segment->acknowledgement = packet->sequence + packet_numbers(packet);
	return segment;
}

/* As if by its sender, on to its receiver. */
static struct inject_segment *add_on(struct answers *answers,
	const struct packet *packet, uint32_t sequence, uint8_t flags)
{
	struct inject_segment *segment = add(answers, flags);
	segment->src = packet->src;
	segment->dst = packet->dst;
	segment->src_port = packet->src_port;
	segment->dst_port = packet->dst_port;
	segment->sequence = sequence;
	segment->acknowledgement = packet->acknowledgement;
	return segment;
}

static void reset_back(struct answers *answers, const struct packet *packet)
{
	if (!(packet->tcp_flags & TCP_RST)) {
		(void)add_back(answers, packet, TCP_RST | TCP_ACK);
	}
}

/* To the packet's receiver: it has up to sequence, or to where it last said. */
static void reset_on(struct answers *answers, const struct engine_passage *passage,
	uint32_t sequence)
{
	const struct flow_numbers *received = &passage->received;
	(void)add_on(answers, passage->packet, sequence, TCP_RST | TCP_ACK);
	if (received->is_known && received->acknowledged != sequence) {
		(void)add_on(answers, passage->packet, received->acknowledged,
			TCP_RST | TCP_ACK);
	}
}

/* To its sender: it has up to where it says, or all that was let on since. */
static void reset_sender(struct answers *answers, const struct engine_passage *passage)
{
	const struct packet *packet = passage->packet;
	const struct flow_numbers *given = &passage->given;
	reset_back(answers, packet);
	if (!(packet->tcp_flags & TCP_RST) && given->is_known &&
		given->next != packet->acknowledgement) {
		add_back(answers, packet, TCP_RST | TCP_ACK)->sequence = given->next;
	}
}

/* The client gets its reply and the end, the server a reset. */
static void refuse(struct answers *answers, const struct engine_passage *passage,
	uint32_t sequence)
{
	const struct packet *packet = passage->packet;
	const uint8_t last = TCP_FIN | TCP_PSH | TCP_ACK;
	const char *text = passage->is_temporary ? DEFERRAL : REFUSAL;
	if (passage->is_from_client) {
		add_back(answers, packet, last)->text = text;
		reset_on(answers, passage, sequence);
	} else {
		add_on(answers, packet, sequence, last)->text = text;
		reset_sender(answers, passage);
	}
}

/*
 * Its end was told already; whoever goes on is told again, the polite client gently, and
 * its server, which may have missed it, by the number it would take from the packet.
 */
static void repeat(struct answers *answers, const struct engine_passage *passage)
{
	const struct packet *packet = passage->packet;
	if (packet->tcp_flags & TCP_RST) {
		return;
	}
	if (!passage->is_from_client) {
		reset_back(answers, packet);
		return;
	}
	if (packet->payload_wire_len > 0) {
		(void)add_on(answers, packet, packet->sequence, TCP_RST | TCP_ACK);
	}
	if (passage->action != ACTION_REFUSE) {
		reset_back(answers, packet);
	} else if (packet_numbers(packet) > 0) {
		(void)add_back(answers, packet, TCP_ACK);
	}
}

void answer_block(const struct engine_passage *passage, uint32_t sequence,
	struct answers *answers)
{
	answers->count = 0;
	if (passage->action == ACTION_DROP) {
		return;
	}
	if (!passage->is_first_blocked) {
		repeat(answers, passage);
	} else if (passage->action == ACTION_REFUSE) {
		refuse(answers, passage, sequence);
	} else {
		reset_sender(answers, passage);
		reset_on(answers, passage, sequence);
	}
}

void answer_block_behind(const struct engine_passage *passage, struct answers *answers)
{
	struct packet packet = *passage->packet;
	struct engine_passage behind = *passage;
	packet.sequence += packet_numbers(&packet);
	packet.payload_wire_len = 0;
	packet.tcp_flags &= (uint8_t) ~(TCP_SYN | TCP_FIN);
	behind.packet = &packet;
	behind.action = ACTION_REJECT;
	answer_block(&behind, packet.sequence, answers);
}

void answer_reset(const struct packet *packet, struct answers *answers)
{
	answers->count = 0;
	reset_back(answers, packet);
}
