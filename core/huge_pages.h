// An allocator for large tables that are looked up at random. From 2 MiB on memory is asked for in huge pages:
// a look-up misses the TLB less often, and growing faults once where it did 512 times. What is smaller is
// operator new's. Where the kernel has none to give, the memory is as any other.
#pragma once
#include <cstddef>
#include <cstdlib>
#include <new>

#include <sys/mman.h>

namespace plumbline {

template <class T>
struct HugePageAllocator {
  using value_type = T;
  static constexpr std::size_t kHugePageBytes = std::size_t{2} << 20;

  HugePageAllocator() = default;
  template <class Other>
  HugePageAllocator(const HugePageAllocator<Other>& /*other*/) noexcept {}

  [[nodiscard]] T* allocate(std::size_t count) {
    const std::size_t bytes = count * sizeof(T);
    if (bytes < kHugePageBytes) return static_cast<T*>(::operator new(bytes));
    const std::size_t whole = (bytes + kHugePageBytes - 1) / kHugePageBytes * kHugePageBytes;
    void* const made = std::aligned_alloc(kHugePageBytes, whole);
    if (made == nullptr) throw std::bad_alloc();
    (void)madvise(made, whole, MADV_HUGEPAGE);
    return static_cast<T*>(made);
  }
  void deallocate(T* at, std::size_t count) noexcept {
    if (count * sizeof(T) < kHugePageBytes) return ::operator delete(at);
    std::free(at);
  }
  template <class Other>
  bool operator==(const HugePageAllocator<Other>& /*other*/) const noexcept {
    return true;
  }
};

}  // namespace plumbline
