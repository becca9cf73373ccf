package cognitotest

import (
	"slices"
	"strings"
)

// listedUser is a user on the wire, as lists and AdminCreateUser have it.
type listedUser struct {
	Username             string
	Attributes           []attribute
	UserCreateDate       float64
	UserLastModifiedDate float64
	Enabled              bool
	UserStatus           string
}

// listed puts a user on the wire with some attributes; nil means all.
func (p *pool) listed(u *user, names []string) listedUser {
	attributes := u.readable(nil)
	if names != nil {
		attributes = slices.DeleteFunc(attributes, func(a attribute) bool { return !slices.Contains(names, a.Name) })
	}
	return listedUser{
		Username: u.username, Attributes: attributes, Enabled: !u.disabled, UserStatus: u.status,
		UserCreateDate: epoch(u.created), UserLastModifiedDate: epoch(u.modified),
	}
}

func (p *pool) listedUsers(users []*user, names []string) []listedUser {
	list := make([]listedUser, len(users))
	for i, u := range users {
		list[i] = p.listed(u, names)
	}
	return list
}

type listUsersInput struct {
	UserPoolID      string `json:"UserPoolId"`
	AttributesToGet []string
	Limit           *int
	PaginationToken *string
	Filter          string
}

type listUsersOutput struct {
	Users           []listedUser
	PaginationToken string `json:",omitempty"`
}

func (p *pool) listUsers(in *listUsersInput) (listUsersOutput, error) {
	err := p.adminCall(in.UserPoolID, func(v *validation) {
		v.length("filter", in.Filter, 0, 256)
		pageForm(v, "limit", in.Limit, "paginationToken", in.PaginationToken)
	})
	if err != nil {
		return listUsersOutput{}, err
	}
	matches, err := p.parseFilter(in.Filter)
	if err != nil {
		return listUsersOutput{}, err
	}
	if slices.ContainsFunc(in.AttributesToGet, func(name string) bool { return !p.inSchema(name) }) {
		return listUsersOutput{}, errNoAttributes
	}
	pg := newPage(in.Limit, in.PaginationToken, "ListUsers", in.Filter, strings.Join(in.AttributesToGet, ","))
	if in.Filter != "" {
		pg.scan = maxScan
	}
	users, next, err := cut(p, pg, p.users, func(u *user) int64 { return u.serial }, matches)
	if err != nil {
		return listUsersOutput{}, err
	}
	return listUsersOutput{Users: p.listedUsers(users, in.AttributesToGet), PaginationToken: next}, nil
}
