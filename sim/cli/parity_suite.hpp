// SPDX-License-Identifier: GPL-2.0-only
/// `lvslab parity` over many scenarios: each in a process of its own, several at a time.
#pragma once

#include <string>
#include <vector>

namespace lvslab::cli {

struct ParitySuiteOptions {
    std::vector<std::string> paths;    ///< scenario files, and folders to search for them
    std::string with;                  ///< the world beside the packet world
    std::vector<std::string> options;  ///< more arguments of each
    unsigned jobs = 0;                 ///< at one time; 0 = as many as there are cores
    bool json = false;
};

/// Tells a line a scenario, in the order of the files, then a summary. `held` if each scenario that
/// both worlds can do is the same in both; `failed` if one is not or was not compared; `bad_input`
/// if a file is wrong or none could be compared. Throws std::runtime_error.
int run_parity_suite(const ParitySuiteOptions& options);

}  // namespace lvslab::cli
