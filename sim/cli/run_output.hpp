// SPDX-License-Identifier: GPL-2.0-only
/// The folder that a run's result goes into.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace lvslab::cli {

/// Why a run may not be written into the folder, which then holds something else than a run's
/// result; empty = it may.
std::string result_objection(const std::filesystem::path& folder);

/// Collects a run's files in a hidden subfolder and puts them in place at the end, summary.json
/// last: a folder with a summary.json holds a whole result. Without finish() nothing stays behind,
/// and a result that was there before is untouched.
class RunOutput {
public:
    /// Makes FOLDER (and those above it) and the subfolder in it. A folder with anything else in it
    /// than a previous result is refused unless `force`; what is not a result's file stays in any
    /// case. Nothing and the `reason` if it cannot be.
    static std::optional<RunOutput> open(const std::filesystem::path& folder, bool force,
                                         std::string& reason);
    ~RunOutput();
    RunOutput(RunOutput&& other) noexcept;
    RunOutput& operator=(RunOutput&&) = delete;

    /// Where to write meanwhile.
    const std::filesystem::path& partial() const { return partial_; }
    const std::filesystem::path& folder() const { return folder_; }

    /// Writes a small file whole; false and the `reason` if it cannot be.
    bool write(const std::string& name, const std::string& text, std::string& reason) const;
    /// Puts all files in place, in that of a previous result.
    bool finish(std::string& reason);

private:
    RunOutput(std::filesystem::path folder, std::filesystem::path partial,
              std::filesystem::path made);

    std::filesystem::path folder_, partial_;
    std::filesystem::path made_;  ///< topmost folder that was made for this run; empty = none
};

}  // namespace lvslab::cli
