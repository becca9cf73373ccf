package cognitotest

import (
	"net"
	"slices"
	"strings"
)

// domain is a domain of a pool on the wire: a prefix of the service's domain, or a custom domain
// with a certificate. The server does not listen there: the pool is at [Server.URL].
type domain struct {
	Domain              string
	CustomDomainConfig  map[string]any `json:",omitempty"`
	ManagedLoginVersion int
}

const (
	maxManagedLogin = 2
)

// reservedWords are what a prefix must not contain.
var reservedWords = []string{"aws", "amazon", "cognito"}

type domainInput struct {
	UserPoolID          string `json:"UserPoolId"`
	Domain              string
	CustomDomainConfig  map[string]any
	ManagedLoginVersion *int
}

// call is the common start of signed calls on a domain.
func (in *domainInput) call(p *pool) error {
	v := &validation{}
	if in.ManagedLoginVersion != nil {
		v.between("managedLoginVersion", *in.ManagedLoginVersion, 1, maxManagedLogin)
	}
	if err := v.err(); err != nil {
		return err
	}
	return p.adminCall(in.UserPoolID)
}

type domainOutput struct {
	CloudFrontDomain    string `json:",omitempty"`
	ManagedLoginVersion int
}

// cloudFront returns the host that a custom domain must point to, or "" for a prefix.
func (d *domain) cloudFront() string {
	if d.CustomDomainConfig == nil {
		return ""
	}
	return "d" + strings.ReplaceAll(d.Domain, ".", "") + ".cloudfront.net"
}

func (d *domain) output() domainOutput { return domainOutput{d.cloudFront(), d.ManagedLoginVersion} }

// findDomain returns a domain of any pool.
func (s *service) findDomain(name string) (*pool, *domain) {
	for _, p := range s.pools {
		for _, d := range p.domains {
			if d.Domain == name {
				return p, d
			}
		}
	}
	return nil, nil
}

// atDomain finds the pool at a host: a custom domain, or a prefix before localhost or before the
// service's own domains. It is nil for any other host.
func (s *service) atDomain(host string) *pool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(host)
	prefix, rest, _ := strings.Cut(host, ".")
	if p, d := s.findDomain(host); d != nil && d.CustomDomainConfig != nil {
		return p
	}
	if p, d := s.findDomain(prefix); d != nil && d.CustomDomainConfig == nil {
		region, _ := splitPoolID(p.cfg.UserPoolID)
		if rest == "localhost" || rest == "auth."+region+".amazoncognito.com" {
			return p
		}
	}
	return nil
}

func (p *pool) createUserPoolDomain(in *domainInput) (domainOutput, error) {
	if err := in.call(p); err != nil {
		return domainOutput{}, err
	}
	custom := in.CustomDomainConfig != nil
	if owner, _ := p.service.findDomain(in.Domain); owner != nil {
		return domainOutput{}, errDomainTaken
	}
	if slices.ContainsFunc(p.domains, func(d *domain) bool { return (d.CustomDomainConfig != nil) == custom }) {
		return domainOutput{}, errSecondDomain
	}
	for _, word := range reservedWords {
		if !custom && strings.Contains(in.Domain, word) {
			return domainOutput{}, invalidParameter("Domain cannot contain reserved word: " + word)
		}
	}
	d := &domain{in.Domain, in.CustomDomainConfig, 1}
	if in.ManagedLoginVersion != nil {
		d.ManagedLoginVersion = *in.ManagedLoginVersion
	}
	p.domains = append(p.domains, d)
	return d.output(), nil
}

// existingDomain returns the pool's domain that a call refers to.
func (p *pool) existingDomain(in *domainInput) (*domain, error) {
	if err := in.call(p); err != nil {
		return nil, err
	}
	owner, d := p.service.findDomain(in.Domain)
	if owner != p {
		return nil, errNoDomain
	}
	return d, nil
}

func (p *pool) updateUserPoolDomain(in *domainInput) (domainOutput, error) {
	d, err := p.existingDomain(in)
	if err != nil {
		return domainOutput{}, err
	}
	if (in.CustomDomainConfig != nil) != (d.CustomDomainConfig != nil) {
		return domainOutput{}, errDomainKind
	}
	d.CustomDomainConfig = in.CustomDomainConfig
	if in.ManagedLoginVersion != nil {
		d.ManagedLoginVersion = *in.ManagedLoginVersion
	}
	return d.output(), nil
}

func (p *pool) deleteUserPoolDomain(in *domainInput) (empty, error) {
	d, err := p.existingDomain(in)
	if err != nil {
		return empty{}, err
	}
	p.domains = slices.DeleteFunc(p.domains, func(other *domain) bool { return other == d })
	return empty{}, nil
}

type describedDomain struct {
	UserPoolID             string         `json:"UserPoolId,omitempty"`
	AWSAccountID           string         `json:"AWSAccountId,omitempty"`
	Domain                 string         `json:",omitempty"`
	CloudFrontDistribution string         `json:",omitempty"`
	Status                 string         `json:",omitempty"`
	CustomDomainConfig     map[string]any `json:",omitempty"`
	ManagedLoginVersion    int            `json:",omitempty"`
}

type describeDomainOutput struct{ DomainDescription describedDomain }

// describeUserPoolDomain describes a domain of any pool. If there is none, the description is
// empty; that is not an error.
func (s *service) describeUserPoolDomain(in *domainInput) (describeDomainOutput, error) {
	p, d := s.findDomain(in.Domain)
	if d == nil {
		return describeDomainOutput{}, nil
	}
	return describeDomainOutput{describedDomain{
		p.cfg.UserPoolID, account, d.Domain, d.cloudFront(), "ACTIVE", d.CustomDomainConfig, d.ManagedLoginVersion,
	}}, nil
}
