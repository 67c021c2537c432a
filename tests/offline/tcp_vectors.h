/* SPDX-License-Identifier: GPL-2.0 */
/* Reader of tests/vectors/tcp/: what the lines mean is told in the README there. */
#ifndef FWT_TEST_TCP_VECTORS_H
#define FWT_TEST_TCP_VECTORS_H

#include "packet.h"
#include "tcp.h"

#define TCP_VECTOR_SEGMENTS	160	/* in one case */

struct tcp_vector_segment {
	unsigned int line;
	enum fwt_dir dir;
	struct fwt_tcp_segment s;
	enum fwt_tcp_result result;
	enum fwt_tcp_state state;
	unsigned int timeout;		/* enum fwt_timeout */
	unsigned int cap;		/* seconds */
	int assured;			/* -1: not asked */
};

struct tcp_vector_case {
	const char *file;
	char name[80];
	bool loose;
	unsigned int n;
	struct tcp_vector_segment segment[TCP_VECTOR_SEGMENTS];
};

/**
 * tcp_vectors_read() - read a file, case by case
 * @path: file
 * @run: called with each case
 * @arg: handed to @run
 *
 * Return: cases; -1 with a message on stderr where a line is not understood.
 */
int tcp_vectors_read(const char *path,
		     void (*run)(const struct tcp_vector_case *c, void *arg),
		     void *arg);

/**
 * tcp_vector_segment() - read one line, without "times"
 * @line: the line; is cut into words
 * @v: filled in, all but its number
 */
bool tcp_vector_segment(char *line, struct tcp_vector_segment *v);

/* The lines that "open" stands for. */
#define TCP_VECTOR_OPEN		3
extern const char *const tcp_vector_open[TCP_VECTOR_OPEN];

/* enum fwt_timeout by its name here ("syn-sent"), -1 if there is none. */
int tcp_timeout_find(const char *word);

const char *tcp_result_name(unsigned int result);
const char *tcp_timeout_name(unsigned int timeout);

#endif /* FWT_TEST_TCP_VECTORS_H */
