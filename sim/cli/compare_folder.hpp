// SPDX-License-Identifier: GPL-2.0-only
/// The folder that a comparison's results go into.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "sim/cli/compare_runs.hpp"

namespace lvslab::cli {

/// What is not a comparison's own is left alone: a folder that holds other things is refused unless
/// `force`, and one in the place of a run's result always.
class ResultsFolder {
public:
    /// Makes it and those above it, and takes earlier results of the jobs out of the way. False and
    /// the `reason` if it cannot be; nothing is changed then.
    bool make(const std::filesystem::path& folder, const std::vector<Job>& jobs, bool force,
              std::string& reason);

    /// The results are those of the jobs now: removes what make() took out of the way.
    void keep() const;
    /// Removes the jobs' results and what make() made, as far as nothing else is in it, and puts
    /// back what it took out of the way.
    void take_back() const;

private:
    struct Place {
        std::filesystem::path folder, earlier;  ///< of a job, and where its earlier result is
    };
    std::vector<std::filesystem::path> made_;  ///< deepest first
    std::vector<Place> places_;
    std::filesystem::path aside_;  ///< where earlier results are
};

}  // namespace lvslab::cli
