#include "core/telemetry/metrics.h"

#include <deque>
#include <map>
#include <mutex>
#include <sstream>

#include <prometheus/collectable.h>
#include <prometheus/histogram.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

namespace plumbline::telemetry {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

class PrometheusHistogram final : public Histogram {
 public:
  explicit PrometheusHistogram(const std::vector<double>& bounds) : histogram_(bounds) {}
  void observe(double value) override { histogram_.Observe(value); }
  [[nodiscard]] ClientMetric collect() const { return histogram_.Collect(); }

 private:
  prometheus::Histogram histogram_;
};

// One name: all its label sets have one kind.
struct Family {
  std::string help;
  MetricType type = MetricType::Untyped;
  std::map<Labels, std::unique_ptr<Counter>> counters;
  std::map<Labels, std::unique_ptr<Gauge>> gauges;
  std::map<Labels, std::unique_ptr<PrometheusHistogram>> histograms;
  std::map<Labels, std::function<double()>> observed;
};

void add_labels(ClientMetric& metric, const Labels& labels) {
  for (const auto& [name, value] : labels) {
    ClientMetric::Label label;
    label.name = name;
    label.value = value;
    metric.label.push_back(label);
  }
}

MetricFamily collect(const std::string& name, const Family& family) {
  MetricFamily out;
  out.name = name;
  out.help = family.help;
  out.type = family.type;
  const auto add = [&out](const Labels& labels, ClientMetric metric) {
    add_labels(metric, labels);
    out.metric.push_back(std::move(metric));
  };
  for (const auto& [labels, counter] : family.counters) {
    ClientMetric metric;
    metric.counter.value = static_cast<double>(counter->value());
    add(labels, metric);
  }
  for (const auto& [labels, gauge] : family.gauges) {
    ClientMetric metric;
    metric.gauge.value = gauge->value();
    add(labels, metric);
  }
  for (const auto& [labels, read] : family.observed) {
    ClientMetric metric;
    metric.gauge.value = read();
    add(labels, metric);
  }
  for (const auto& [labels, histogram] : family.histograms) add(labels, histogram->collect());
  return out;
}

}  // namespace

struct Metrics::Impl {
  mutable std::mutex mutex;
  std::map<std::string, Family, std::less<>> families;

  Family& family(std::string_view name, std::string_view help, MetricType type) {
    auto& found = families[std::string(name)];
    found.help = help;
    found.type = type;
    return found;
  }
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

Counter& Metrics::counter(std::string_view name, std::string_view help, const Labels& labels) {
  const std::lock_guard lock(impl_->mutex);
  auto& slot = impl_->family(name, help, MetricType::Counter).counters[labels];
  if (!slot) slot = std::make_unique<Counter>();
  return *slot;
}

Gauge& Metrics::gauge(std::string_view name, std::string_view help, const Labels& labels) {
  const std::lock_guard lock(impl_->mutex);
  auto& slot = impl_->family(name, help, MetricType::Gauge).gauges[labels];
  if (!slot) slot = std::make_unique<Gauge>();
  return *slot;
}

Histogram& Metrics::histogram(std::string_view name, std::string_view help, std::vector<double> bounds,
                              const Labels& labels) {
  const std::lock_guard lock(impl_->mutex);
  auto& slot = impl_->family(name, help, MetricType::Histogram).histograms[labels];
  if (!slot) slot = std::make_unique<PrometheusHistogram>(bounds);
  return *slot;
}

void Metrics::observe_gauge(std::string_view name, std::string_view help, const Labels& labels,
                            std::function<double()> read) {
  const std::lock_guard lock(impl_->mutex);
  impl_->family(name, help, MetricType::Gauge).observed[labels] = std::move(read);
}

std::string Metrics::text() const {
  std::vector<MetricFamily> families;
  {
    const std::lock_guard lock(impl_->mutex);
    for (const auto& [name, family] : impl_->families) families.push_back(collect(name, family));
  }
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace plumbline::telemetry
