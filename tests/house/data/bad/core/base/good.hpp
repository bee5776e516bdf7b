// SPDX-License-Identifier: GPL-2.0-only
#pragma once
#include <vector>
// std::chrono::steady_clock::now() and <fstream> in a comment are no sin, nor is "rand()"
/* #include <sys/socket.h>
*/
inline const char* text() { return "time::now()"; }
