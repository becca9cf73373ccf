package cognitotest

import "time"

// Now returns the server's time.
func (s *Server) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.service.now()
}

// Advance moves the server's clock forward by d.
func (s *Server) Advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.service.advanced += d
}

func (s *service) now() time.Time { return s.clock().Add(s.advanced) }

func (p *pool) now() time.Time { return p.service.now() }
