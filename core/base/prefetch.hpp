// SPDX-License-Identifier: GPL-2.0-only
/// Asking the processor for memory ahead of its use.
#pragma once

namespace lvslab {

/// Asks for the cache line at `address`, to be written to. It need not be a valid address.
inline void prefetch(const void* address) {
    __builtin_prefetch(address, 1);
    // Without it GCC 12 finds that this has no effect (ipa-pure-const) and drops all calls.
    asm volatile("");
}

}  // namespace lvslab
