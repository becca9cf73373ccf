package cognitotest

import "time"

// Now returns the pool's time.
func (s *Server) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pool.now()
}

// Advance moves the pool's clock on by d.
func (s *Server) Advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pool.advanced += d
}

func (p *pool) now() time.Time { return p.cfg.Now().Add(p.advanced) }
