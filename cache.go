package cognito

import (
	"crypto/sha256"
	"hash/maphash"
	"strings"
	"sync"
	"sync/atomic"
)

// tokenHash is the SHA-256 hash of the whole of a token.
type tokenHash [sha256.Size]byte

func hashToken(raw string) tokenHash {
	buffer := hashBuffers.Get().(*[]byte)
	*buffer = append((*buffer)[:0], raw...)
	sum := sha256.Sum256(*buffer)
	clear(*buffer)
	hashBuffers.Put(buffer)
	return sum
}

// hashBuffers save an allocation of a token's size for each token.
var hashBuffers = sync.Pool{New: func() any { return new([]byte) }}

// tokenCache remembers tokens whose signature was verified, in two generations: new ones go into the young one, and
// when that is full it becomes the old one, whose tokens are forgotten. One that is still in use comes back from
// the old into the young. A generation is full when it has its number of tokens, or its share of the memory.
// Finding takes no lock.
type tokenCache struct {
	size       int // of a generation
	weight     int // likewise, in bytes of tokens
	seed       maphash.Seed
	young, old atomic.Pointer[sync.Map] // of cachedTokens by the hash of their text with seed

	mu     sync.Mutex // serializes additions
	count  int        // in young
	weighs int        // likewise
}

// tokenWeight is what an entry weighs on average: the bytes of its token, of which it takes two to three times as
// much.
const tokenWeight = 2048

// cachedToken is an entry. It knows its token by what was signed and the SHA-256 hash of the signature: so nothing
// passes for it that differs in one byte, and yet no token is kept that somebody could use. To hash the signature
// alone, and compare the rest, takes half as long as to hash all of it.
type cachedToken struct {
	token     *verifiedToken
	signed    string
	signature [sha256.Size]byte
	weight    int
}

// newTokenCache is a cache of at most n tokens; nil for none.
func newTokenCache(n int) *tokenCache {
	if n < 1 {
		return nil
	}
	c := &tokenCache{size: max(n/2, 1), seed: maphash.MakeSeed()}
	c.weight = c.size * tokenWeight
	c.young.Store(&sync.Map{})
	if n > 1 {
		c.old.Store(&sync.Map{})
	}
	return c
}

// find finds a token, or returns nil.
func (c *tokenCache) find(raw string) *verifiedToken {
	sum := maphash.String(c.seed, raw)
	if t, ok := c.young.Load().Load(sum); ok {
		return t.(*cachedToken).is(raw)
	}
	if old := c.old.Load(); old != nil {
		if t, ok := old.Load(sum); ok {
			if found := t.(*cachedToken).is(raw); found != nil {
				c.put(sum, t.(*cachedToken))
				return found
			}
		}
	}
	return nil
}

// is returns the token if raw is its text, else nil.
func (t *cachedToken) is(raw string) *verifiedToken {
	signed, signature := splitSignature(raw)
	if signed != t.signed || hashSignature(signature) != t.signature {
		return nil
	}
	return t.token
}

func splitSignature(raw string) (signed, signature string) {
	dot := strings.LastIndexByte(raw, '.')
	return raw[:max(dot, 0)], raw[max(dot, 0):]
}

// hashSignature hashes without a copy that lives longer than the call.
func hashSignature(signature string) [sha256.Size]byte {
	var buffer [512]byte // one of 2048 bits has 342 characters, and the dot
	defer clear(buffer[:])
	return sha256.Sum256(append(buffer[:0], signature...))
}

// add adds the token with the text raw, or puts it in the place of another one with the same hash. One that alone is
// too much for a generation is not added.
func (c *tokenCache) add(raw string, t *verifiedToken) {
	signed, signature := splitSignature(raw)
	if len(raw) <= c.weight {
		c.put(maphash.String(c.seed, raw), &cachedToken{t, strings.Clone(signed), hashSignature(signature), len(raw)})
	}
}

func (c *tokenCache) put(sum uint64, t *cachedToken) {
	c.mu.Lock()
	defer c.mu.Unlock()
	young := c.young.Load()
	if before, there := young.Swap(sum, t); there {
		c.weighs += t.weight - before.(*cachedToken).weight
		return
	}
	c.count++
	c.weighs += t.weight
	if c.count <= c.size && c.weighs <= c.weight {
		return
	}
	// It was one too many for this generation; it begins the next.
	young.Delete(sum)
	next := &sync.Map{}
	next.Store(sum, t)
	if c.old.Load() != nil {
		c.old.Store(young)
	}
	c.young.Store(next)
	c.count, c.weighs = 1, t.weight
}
