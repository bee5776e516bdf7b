// SPDX-License-Identifier: GPL-2.0-only
/// How far two worlds that ran one plan are apart.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/parity/world_story.hpp"

namespace lvslab::parity {

/// Largest distance between the distribution functions of two samples, 0 to 1
/// (Kolmogorov-Smirnov). Nothing if a sample is empty.
std::optional<double> ks_distance(std::span<const double> a, std::span<const double> b);

/// Area between the distribution functions of two samples, in their unit: by how much the values of
/// one must move on average to be the other's (Wasserstein 1). Nothing if a sample is empty.
std::optional<double> wasserstein_distance(std::span<const double> a, std::span<const double> b);

/// The distance that two samples of one distribution exceed with this probability (asymptotic
/// formula, as in Smirnov 1948). Both sizes at least 1.
double ks_limit(std::size_t a, std::size_t b, double probability);

struct ServerShare {
    std::string server;
    std::uint64_t first = 0, second = 0;  ///< connections given to it
    double first_share = 0, second_share = 0;
};

/// One subject of a thread (a router, an address at a router, a server at a router).
struct SubjectDifference {
    std::string subject;
    bool same = false;                  ///< the same moments in the same order
    std::size_t moments = 0;            ///< of the first world
    Duration largest{};                 ///< if same: the largest difference of their times
    std::vector<Moment> first, second;  ///< if not same: both stories
};

struct ThreadDifference {
    Thread thread = Thread::role;
    bool same = true;      ///< every subject's moments are the same, in the same order
    bool in_order = true;  ///< the order of all moments of the thread is the same
    std::size_t moments = 0;
    Duration largest{};           ///< over all subjects that are the same
    std::string largest_subject;  ///< whose it is
    std::vector<SubjectDifference> subjects;
};

/// A real server's weight at a router that lets it follow the measured load. Worlds measure loads
/// of their own: moments of such weights are not compared, only what they come to.
struct WeightDifference {
    std::string subject;
    double first = 0, second = 0;  ///< mean over the run; 0 while the server is out
};

struct WorldComparison {
    std::vector<ServerShare> shares;
    double largest_share = 0;  ///< largest difference of any server's share, 0 to 1
    std::optional<double> response_time_distance;
    double response_time_limit = 0;             ///< ks_limit at 0.001
    std::optional<double> response_time_shift;  ///< wasserstein_distance, seconds
    std::vector<ThreadDifference> threads;
    std::vector<WeightDifference> weights;  ///< of those that follow loads
    double largest_weight = 0;              ///< largest difference of one, of the larger one
    /// Difference of the times at which a router became active after another one, in order.
    std::optional<Duration> takeover_difference;
    /// Largest difference of the times at which a real server was taken out, of those whose story
    /// is the same.
    std::optional<Duration> removal_difference;
};

/// Both stories are of the same scenario (else the servers have other names).
WorldComparison compare(const WorldStory& first, const WorldStory& second);

}  // namespace lvslab::parity
