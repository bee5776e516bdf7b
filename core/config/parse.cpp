// SPDX-License-Identifier: GPL-2.0-only
#include "core/config/parse.hpp"

#include "core/config/errors.hpp"
#include "core/config/piranha_reader.hpp"
#include "core/config/reader.hpp"

namespace lvslab::config {

Checked<LvsConfig> parse(std::string_view text, const std::string& file, const Options& options) {
    Findings findings(file, options.most_findings);
    LvsConfig config;
    config.location.file = file;
    if (text.empty()) {
        findings.error(0, 0, std::string(piranha_text(ErrorKind::empty)));
    } else if (options.piranha) {
        read_as_piranha(text, options, config, findings);
    } else {
        read_whole(text, options, config, findings);
    }
    Checked<LvsConfig> result;
    if (!findings.has_errors()) {
        result.value = std::move(config);
    }
    result.diagnostics = findings.take();
    return result;
}

}  // namespace lvslab::config
