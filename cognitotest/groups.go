package cognitotest

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"
)

// Group is a group of users.
type Group struct {
	// Name is the group's name.
	Name string
	// Description describes the group.
	Description string
	// RoleARN is the IAM role in members' ID tokens, or "".
	RoleARN string
	// Precedence orders a user's groups: the lowest comes first, and nil last.
	Precedence *int
}

// group is a group of the pool.
type group struct {
	Group

	serial            int64
	created, modified time.Time
}

// findGroup returns a group by name, or nil if there is none.
func (p *pool) findGroup(name string) *group {
	i := slices.IndexFunc(p.groups, func(g *group) bool { return g.Name == name })
	if i < 0 {
		return nil
	}
	return p.groups[i]
}

// ensureGroup returns a group by name, and adds it if necessary.
func (p *pool) ensureGroup(g Group) *group {
	if found := p.findGroup(g.Name); found != nil {
		return found
	}
	added := &group{Group: g, serial: p.nextSerial(), created: p.now(), modified: p.now()}
	p.groups = append(p.groups, added)
	return added
}

func (p *pool) joinGroup(u *user, g *group) {
	if !slices.Contains(u.groups, g) {
		u.groups = append(u.groups, g)
	}
}

func (p *pool) leaveGroup(u *user, g *group) {
	u.groups = slices.DeleteFunc(u.groups, func(other *group) bool { return other == g })
}

// order returns a group's precedence as a number.
func (g *group) order() int {
	if g.Precedence == nil {
		return math.MaxInt
	}
	return *g.Precedence
}

// groupsOf returns a user's groups by precedence, and groups of the same precedence by name.
func (p *pool) groupsOf(u *user) []*group {
	return slices.SortedFunc(slices.Values(u.groups), func(a, b *group) int {
		return cmp.Or(cmp.Compare(a.order(), b.order()), strings.Compare(a.Name, b.Name))
	})
}

func groupNames(groups []*group) []string {
	names := make([]string, len(groups))
	for i, g := range groups {
		names[i] = g.Name
	}
	return names
}

// rolesOf returns the roles of groups, which are in order, and the preferred one. That is the role
// of the group with the lowest precedence, unless several groups have that precedence and different
// roles.
func rolesOf(groups []*group) (roles []string, preferred string) {
	lowest := math.MaxInt
	unclear := false
	for _, g := range groups {
		if g.RoleARN == "" {
			continue
		}
		if !slices.Contains(roles, g.RoleARN) {
			roles = append(roles, g.RoleARN)
		}
		switch {
		case preferred == "":
			lowest, preferred = g.order(), g.RoleARN
		case g.order() == lowest && g.RoleARN != preferred:
			unclear = true
		}
	}
	if unclear {
		preferred = ""
	}
	return roles, preferred
}

type groupInput struct {
	UserPoolID  string `json:"UserPoolId"`
	GroupName   string
	Description *string
	RoleARN     *string `json:"RoleArn"`
	Precedence  *int
}

// listedGroup is a group on the wire.
type listedGroup struct {
	GroupName        string
	UserPoolID       string `json:"UserPoolId"`
	Description      string `json:",omitempty"`
	RoleARN          string `json:"RoleArn,omitempty"`
	Precedence       *int   `json:",omitempty"`
	LastModifiedDate float64
	CreationDate     float64
}

func (p *pool) listedGroup(g *group) listedGroup {
	return listedGroup{
		GroupName: g.Name, UserPoolID: p.cfg.UserPoolID, Description: g.Description,
		RoleARN: g.RoleARN, Precedence: g.Precedence,
		LastModifiedDate: epoch(g.modified), CreationDate: epoch(g.created),
	}
}

type groupOutput struct{ Group listedGroup }

// existingGroup is the common start of calls on a group that must exist.
func (p *pool) existingGroup(in *groupInput) (*group, error) {
	if err := p.adminCall(in.UserPoolID); err != nil {
		return nil, err
	}
	g := p.findGroup(in.GroupName)
	if g == nil {
		return nil, errNoGroup
	}
	return g, nil
}

// apply changes the group as the request says.
func (in *groupInput) apply(g *group) {
	if in.Description != nil {
		g.Description = *in.Description
	}
	if in.RoleARN != nil {
		g.RoleARN = *in.RoleARN
	}
	if in.Precedence != nil {
		g.Precedence = in.Precedence
	}
}

func (p *pool) createGroup(in *groupInput) (groupOutput, error) {
	if err := p.adminCall(in.UserPoolID); err != nil {
		return groupOutput{}, err
	}
	if p.findGroup(in.GroupName) != nil {
		return groupOutput{}, errGroupExists
	}
	g := p.ensureGroup(Group{Name: in.GroupName})
	in.apply(g)
	return groupOutput{p.listedGroup(g)}, nil
}

func (p *pool) getGroup(in *groupInput) (groupOutput, error) {
	g, err := p.existingGroup(in)
	if err != nil {
		return groupOutput{}, err
	}
	return groupOutput{p.listedGroup(g)}, nil
}

func (p *pool) updateGroup(in *groupInput) (groupOutput, error) {
	g, err := p.existingGroup(in)
	if err != nil {
		return groupOutput{}, err
	}
	in.apply(g)
	g.modified = p.now()
	return groupOutput{p.listedGroup(g)}, nil
}

// deleteGroup deletes a group whether or not it has members. The service's documentation
// contradicts itself on this.
func (p *pool) deleteGroup(in *groupInput) (noBody, error) {
	g, err := p.existingGroup(in)
	if err != nil {
		return noBody{}, err
	}
	for _, u := range p.users {
		p.leaveGroup(u, g)
	}
	p.groups = slices.DeleteFunc(p.groups, func(other *group) bool { return other == g })
	return noBody{}, nil
}

type membershipInput struct {
	adminInput

	GroupName string
}

// membership returns the user and the group of a call on both.
func (p *pool) membership(in *membershipInput) (*user, *group, error) {
	u, err := p.adminUser(in.adminInput)
	if err != nil {
		return nil, nil, err
	}
	g := p.findGroup(in.GroupName)
	if g == nil {
		return nil, nil, errNoGroup
	}
	return u, g, nil
}

func (p *pool) adminAddUserToGroup(in *membershipInput) (noBody, error) {
	u, g, err := p.membership(in)
	if err != nil {
		return noBody{}, err
	}
	p.joinGroup(u, g)
	return noBody{}, nil
}

func (p *pool) adminRemoveUserFromGroup(in *membershipInput) (noBody, error) {
	u, g, err := p.membership(in)
	if err != nil {
		return noBody{}, err
	}
	p.leaveGroup(u, g)
	return noBody{}, nil
}

type groupsOutput struct {
	Groups    []listedGroup
	NextToken string `json:",omitempty"`
}

type listGroupsInput struct {
	UserPoolID string `json:"UserPoolId"`
	nextPage
}

func (p *pool) listGroups(in *listGroupsInput) (groupsOutput, error) {
	if err := p.adminCall(in.UserPoolID); err != nil {
		return groupsOutput{}, err
	}
	return p.pageOfGroups(in.page("ListGroups"), func(*group) bool { return true })
}

type groupsForUserInput struct {
	adminInput
	nextPage
}

func (p *pool) adminListGroupsForUser(in *groupsForUserInput) (groupsOutput, error) {
	u, err := p.adminUser(in.adminInput)
	if err != nil {
		return groupsOutput{}, err
	}
	pg := in.page("AdminListGroupsForUser", u.sub)
	return p.pageOfGroups(pg, func(g *group) bool { return slices.Contains(u.groups, g) })
}

func (p *pool) pageOfGroups(pg page, keep func(*group) bool) (groupsOutput, error) {
	groups, next, err := cut(p, pg, p.groups, func(g *group) int64 { return g.serial }, keep)
	if err != nil {
		return groupsOutput{}, err
	}
	out := groupsOutput{Groups: []listedGroup{}, NextToken: next}
	for _, g := range groups {
		out.Groups = append(out.Groups, p.listedGroup(g))
	}
	return out, nil
}

type usersInGroupInput struct {
	UserPoolID string `json:"UserPoolId"`
	GroupName  string
	nextPage
}

type usersInGroupOutput struct {
	Users     []listedUser
	NextToken string `json:",omitempty"`
}

func (p *pool) listUsersInGroup(in *usersInGroupInput) (usersInGroupOutput, error) {
	if err := p.adminCall(in.UserPoolID); err != nil {
		return usersInGroupOutput{}, err
	}
	g := p.findGroup(in.GroupName)
	if g == nil {
		return usersInGroupOutput{}, errNoGroup
	}
	members := func(u *user) bool { return slices.Contains(u.groups, g) }
	users, next, err := cut(p, in.page("ListUsersInGroup", g.Name), p.users,
		func(u *user) int64 { return u.serial }, members)
	if err != nil {
		return usersInGroupOutput{}, err
	}
	return usersInGroupOutput{Users: p.listedUsers(users, nil), NextToken: next}, nil
}
