// TensorFlow's memory on the CPU. Its own allocator hands every large block back to the system at once, so a training
// step gets gigabytes of pages zeroed anew. Here freed blocks are kept, coalesced and used again, in huge pages.

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string>

#include "tensorflow/core/platform/mem.h"
#include "xla/tsl/framework/allocator.h"
#include "xla/tsl/framework/allocator_registry.h"
#include "xla/tsl/framework/bfc_allocator.h"

namespace phalanx {
namespace {

constexpr size_t kHugePage = size_t{2} << 20;
/// Blocks up to this size are left to malloc, which is faster at them.
constexpr size_t kSmallest = size_t{16} << 10;

/// Physical memory, or what a control group allows of it.
size_t availableMemory() {
  size_t bytes = static_cast<size_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<size_t>(sysconf(_SC_PAGE_SIZE));
  for (const char* path : {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path, "r"), std::fclose);
    unsigned long long limit = 0;
    if (file != nullptr && std::fscanf(file.get(), "%llu", &limit) == 1) bytes = std::min<size_t>(bytes, limit);
  }
  return bytes;
}

/// One range of addresses, handed out from its start; pages come into being when they are first written.
class Arena : public tsl::SubAllocator {
 public:
  Arena(char* start, size_t bytes) : SubAllocator({}, {}), next_(start), end_(start + bytes) {}

  void* Alloc(size_t, size_t bytes, size_t* received) override {
    const size_t rounded = (bytes + kHugePage - 1) / kHugePage * kHugePage;
    *received = 0;
    if (bytes == 0 || rounded > static_cast<size_t>(end_ - next_)) return nullptr;
    char* block = next_;
    next_ += rounded;
    *received = rounded;
    return block;
  }
  void Free(void* block, size_t bytes) override { madvise(block, bytes, MADV_DONTNEED); }
  bool SupportsCoalescing() const override { return true; }
  tsl::AllocatorMemoryType GetMemoryType() const override { return tsl::AllocatorMemoryType::kHostPageable; }

 private:
  char* next_;
  char* end_;
};

class CpuAllocator : public tsl::Allocator {
 public:
  CpuAllocator(char* start, size_t bytes)
      : start_(reinterpret_cast<uintptr_t>(start)),
        bytes_(bytes),
        large_(std::make_unique<Arena>(start, bytes), bytes, "phalanx", options()) {}

  std::string Name() override { return "phalanx"; }

  void* AllocateRaw(size_t alignment, size_t bytes) override {
    if (bytes <= kSmallest) return tensorflow::port::AlignedMalloc(bytes, static_cast<std::align_val_t>(alignment));
    return large_.AllocateRaw(alignment, bytes);
  }
  void* AllocateRaw(size_t alignment, size_t bytes, const tsl::AllocationAttributes& attributes) override {
    if (bytes <= kSmallest) return AllocateRaw(alignment, bytes);
    return large_.AllocateRaw(alignment, bytes, attributes);
  }
  void DeallocateRaw(void* block) override {
    if (block == nullptr) return;
    if (reinterpret_cast<uintptr_t>(block) - start_ < bytes_) return large_.DeallocateRaw(block);
    tensorflow::port::AlignedFree(block);
  }
  std::optional<tsl::AllocatorStats> GetStats() override { return large_.GetStats(); }
  bool ClearStats() override { return large_.ClearStats(); }
  tsl::AllocatorMemoryType GetMemoryType() const override { return tsl::AllocatorMemoryType::kHostPageable; }

 private:
  static tsl::BFCAllocator::Options options() {
    tsl::BFCAllocator::Options options;
    options.allow_growth = true;
    options.allow_retry_on_failure = false;
    return options;
  }

  const uintptr_t start_;
  const size_t bytes_;
  tsl::BFCAllocator large_;
};

class Factory : public tsl::AllocatorFactory {
 public:
  tsl::Allocator* CreateAllocator() override {
    const size_t bytes = availableMemory() / kHugePage * kHugePage;
    void* reserved = mmap(nullptr, bytes + kHugePage, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (reserved == MAP_FAILED) return nullptr;
    auto start = (reinterpret_cast<uintptr_t>(reserved) + kHugePage - 1) / kHugePage * kHugePage;
    madvise(reinterpret_cast<void*>(start), bytes, MADV_HUGEPAGE);
    return new CpuAllocator(reinterpret_cast<char*>(start), bytes);
  }
  tsl::SubAllocator* CreateSubAllocator(int) override { return nullptr; }
};

const tsl::AllocatorFactoryRegistration registration(__FILE__, __LINE__, "phalanx", 1000, new Factory);

}  // namespace
}  // namespace phalanx
