/* SPDX-License-Identifier: ISC */
/*
 * row.h - keys and values of the queue's tables, as octets
 *
 *	meta	name				format, highest generation
 *	seg	generation			struct seg_row
 *	msg	message id			struct msg_row
 *	part	message id, u16			struct ms_part (journal.h)
 *	due	u64 time, message id, u16	-
 *	dest	destination, 0, u64 time, message id, u16	-
 *	made	message id			body of a message made here
 *
 * Keys are big-endian and compared as octets.  Pure; the decoders take any
 * octets.
 */
#ifndef SPOOL_ROW_H
#define SPOOL_ROW_H

#include "journal.h"

enum { SEGMENT_ACCEPT = 1, SEGMENT_DEFERRED, SEGMENT_MADE };

enum {
	SEGMENT_OPEN = 1,	/* its writer lives, or died and was not looked at */
	SEGMENT_ENDED,		/* `end` holds */
	SEGMENT_MOVED,		/* its file is gone, messages with its ids are not */
	SEGMENT_DROPPED		/* the last message with its ids is final */
};

struct seg_row {
	uint32_t kind, state;
	uint64_t cursor;	/* all before it is finished or registered */
	uint64_t end;
	uint64_t ids;		/* registered messages with an id of it */
	uint64_t placed;	/* registered messages whose record lies in it */
	uint64_t placed_octets;
	uint64_t octets;	/* the size at which it counts as full */
	int64_t  ended_us, dropped_us;
	uint8_t  key[JOURNAL_KEY_OCTETS];
};

enum {
	MSG_MADE   = 1,		/* made here: no record in a segment */
	MSG_RECORD = 2		/* `record` stands for that in the segment */
};

struct msg_row {
	uint64_t      place, offset, octets;	/* of its record in a segment */
	int64_t       arrival_us, expires_us;
	uint32_t      left;		/* parts; 0: finished, a tombstone */
	uint32_t      flags;		/* MSG_... */
	uint64_t      body_octets;
	uint32_t      body_crc;
	struct ms_str own_file;
	struct ms_str record;
};

void seg_row_encode(struct ms_buf *b, const struct seg_row *row);
bool seg_row_decode(struct ms_str octets, struct seg_row *out);
void msg_row_encode(struct ms_buf *b, const struct msg_row *row);
/* Strings are lent from the octets. */
bool msg_row_decode(struct ms_str octets, struct msg_row *out);

/* LMDB takes keys of up to 511 octets. */
#define ROW_MAX_DESTINATION 480
#define ROW_MAX_KEY 511

struct row_key {
	size_t  len;
	uint8_t octets[ROW_MAX_KEY];
};

void row_key_seg(struct row_key *k, uint64_t generation);
void row_key_msg(struct row_key *k, const struct ms_id *id);
void row_key_part(struct row_key *k, const struct ms_id *id, uint32_t number);
void row_key_due(struct row_key *k, int64_t next_us, const struct ms_id *id,
    uint32_t number);
/* The destination is cut to ROW_MAX_DESTINATION. */
void row_key_dest(struct row_key *k, struct ms_str destination,
    int64_t next_us, const struct ms_id *id, uint32_t number);
/* Whose part a key of part, due or dest names: its last 18 octets. */
bool row_key_parse(struct ms_str key, struct ms_id *id_out,
    uint32_t *number_out);

#endif
