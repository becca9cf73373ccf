package cognito

import (
	"crypto/sha256"
	"hash/maphash"
	"strings"
	"sync"
	"sync/atomic"
)

// tokenHash is the SHA-256 hash of a whole token.
type tokenHash [sha256.Size]byte

func hashToken(raw string) tokenHash {
	buffer := hashBuffers.Get().(*[]byte)
	*buffer = append((*buffer)[:0], raw...)
	sum := sha256.Sum256(*buffer)
	clear(*buffer)
	hashBuffers.Put(buffer)
	return sum
}

// hashBuffers saves allocating a copy of each token that is hashed.
var hashBuffers = sync.Pool{New: func() any { return new([]byte) }}

// tokenCache remembers tokens whose signature was verified, in two generations. New tokens go into
// the young generation. When it is full, it becomes the old one, and the tokens of the previous old
// one are forgotten. A token found in the old generation moves to the young one. A generation is
// full when it holds maxTokens tokens or takes maxBytes bytes. Looking up a token takes no lock.
type tokenCache struct {
	maxTokens  int // of a generation
	maxBytes   int // of a generation's memory
	seed       maphash.Seed
	young, old atomic.Pointer[sync.Map] // *cachedToken by the hash of its signature with seed

	mu     sync.Mutex // serializes additions and protects the fields below
	tokens int        // in young
	bytes  int        // of the memory of young
}

// averageEntryBytes is the average memory of an entry for which the cache has room. That of a usual
// token takes half of it.
const averageEntryBytes = 8 << 10

// cachedToken is an entry. It identifies its token by the signed part and the SHA-256 hash of the
// signature. A token that differs in one byte does not match, and no usable token is kept. Hashing
// only the signature takes half as long as hashing the whole token.
type cachedToken struct {
	token     *verifiedToken
	signed    string
	signature [sha256.Size]byte // its hash
	bytes     int               // of memory
}

// newTokenCache returns a cache of at most n tokens, or nil if n is less than 1.
func newTokenCache(n int) *tokenCache {
	if n < 1 {
		return nil
	}
	c := &tokenCache{maxTokens: max(n/2, 1), seed: maphash.MakeSeed()}
	c.maxBytes = c.maxTokens * averageEntryBytes
	c.young.Store(&sync.Map{})
	if n > 1 {
		c.old.Store(&sync.Map{})
	}
	return c
}

// find returns the token with the text raw, or nil if the cache does not have it.
func (c *tokenCache) find(raw string) *verifiedToken {
	signed, signature := splitSignature(raw)
	sum := maphash.String(c.seed, signature)
	if t, ok := c.young.Load().Load(sum); ok {
		return t.(*cachedToken).match(signed, signature)
	}
	if old := c.old.Load(); old != nil {
		if t, ok := old.Load(sum); ok {
			if found := t.(*cachedToken).match(signed, signature); found != nil {
				c.put(sum, t.(*cachedToken))
				return found
			}
		}
	}
	return nil
}

// match returns the token if signed and signature are its parts, and nil otherwise.
func (t *cachedToken) match(signed, signature string) *verifiedToken {
	if signed != t.signed || hashSignature(signature) != t.signature {
		return nil
	}
	return t.token
}

// splitSignature splits a token before its second dot, which is that of the signature. The two parts
// together are raw, so two texts with equal parts are equal, also those that are no tokens. Searching
// forward is faster than strings.LastIndexByte, which compares byte by byte.
func splitSignature(raw string) (signed, signature string) {
	dot := strings.IndexByte(raw, '.') + 1
	if next := strings.IndexByte(raw[dot:], '.'); next >= 0 {
		dot += next
		return raw[:dot], raw[dot:]
	}
	return raw, ""
}

// hashSignature returns the hash of signature. It clears its buffer, so that no copy of a 2048-bit
// signature stays in memory.
func hashSignature(signature string) [sha256.Size]byte {
	var buffer [512]byte // a signature of 2048 bits has 342 characters and a dot
	defer clear(buffer[:])
	return sha256.Sum256(append(buffer[:0], signature...))
}

// add adds the token t with the text raw. It replaces an entry with the same hash. A token larger
// than a generation is not added.
func (c *tokenCache) add(raw string, t *verifiedToken) {
	signed, signature := splitSignature(raw)
	if bytes := len(signed) + t.claims.memory(); bytes <= c.maxBytes {
		c.put(maphash.String(c.seed, signature), &cachedToken{t, strings.Clone(signed), hashSignature(signature), bytes})
	}
}

// memory returns the number of bytes of memory that the claims take at most, including those of
// all, which differ most from the number of bytes of their text. The factors are measured.
func (c *tokenClaims) memory() int {
	count := func(char string) int { return strings.Count(c.payload, char) }
	return 1024 + len(c.payload) + 96*len(c.members) + 48*(count(",")+count("[")) + 256*count("{") + 32*count(":")
}

// put adds an entry to the young generation, and starts a new one if that is full.
func (c *tokenCache) put(sum uint64, t *cachedToken) {
	c.mu.Lock()
	defer c.mu.Unlock()
	young := c.young.Load()
	if before, there := young.Swap(sum, t); there {
		c.bytes += t.bytes - before.(*cachedToken).bytes
		return
	}
	c.tokens++
	c.bytes += t.bytes
	if c.tokens <= c.maxTokens && c.bytes <= c.maxBytes {
		return
	}
	// The generation was full: the token becomes the first of the next one.
	young.Delete(sum)
	next := &sync.Map{}
	next.Store(sum, t)
	if c.old.Load() != nil {
		c.old.Store(young)
	}
	c.young.Store(next)
	c.tokens, c.bytes = 1, t.bytes
}
