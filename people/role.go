package people

import (
	"fmt"
	"slices"
)

// Role is a place in the house with the rights that belong to it. What a role may do is
// decided where the operation is (package web); this package knows only who has which.
type Role string

// The roles of a complaint hotline. A user has one or several.
const (
	Junior           Role = "ja" // 初级话务员: answers and registers
	TextClerk        Role = "tc" // 文本录入员: registers letters, faxes and messages
	RecordingClerk   Role = "rc" // 录音提取员: turns recordings into text
	Senior           Role = "sa" // 高级话务员: reviews and releases orders
	Surveyor         Role = "sv" // 用户满意度调查员: asks afterwards how content people are
	KnowledgeManager Role = "km" // 资料管理员: keeps the knowledge base
	Inspector        Role = "qi" // 质检员: listens and scores
	Department       Role = "dh" // 服务部门: works on the orders of its department
	ManagerHotline   Role = "mh" // 经理热线: takes what seniors pass up
	Statistics       Role = "st" // 统计分析员: reads all figures
	Supervisor       Role = "su" // 客服主管: leads the teams
	Administrator    Role = "ad" // 系统管理员: users, settings, retention
)

// Roles returns all roles in the order of the table of rights.
func Roles() []Role {
	return []Role{
		Junior, TextClerk, RecordingClerk, Senior, Surveyor, KnowledgeManager, Inspector, Department,
		ManagerHotline, Statistics, Supervisor, Administrator,
	}
}

// Label is the name of the role in the trade, in Chinese; "" for what is no role.
func (r Role) Label() string {
	switch r {
	case Junior:
		return "初级话务员"
	case TextClerk:
		return "文本录入员"
	case RecordingClerk:
		return "录音提取员"
	case Senior:
		return "高级话务员"
	case Surveyor:
		return "用户满意度调查员"
	case KnowledgeManager:
		return "资料管理员"
	case Inspector:
		return "质检员"
	case Department:
		return "服务部门"
	case ManagerHotline:
		return "经理热线"
	case Statistics:
		return "统计分析员"
	case Supervisor:
		return "客服主管"
	case Administrator:
		return "系统管理员"
	}
	return ""
}

// Valid is an error that names what is no role.
func (r Role) Valid() error {
	if !slices.Contains(Roles(), r) {
		return fmt.Errorf("role: %q is none of %v", string(r), Roles())
	}
	return nil
}
